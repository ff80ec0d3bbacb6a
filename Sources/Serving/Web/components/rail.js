// The rail of views.

import { h, icon } from './dom.js';
import { views } from '../views.js';

export function mountRail(place, app) {
  const links = views.map((view) => h('a', {
    href: `#${view.id}`, 'data-view': view.id,
    onclick: (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      app.set({ view: view.id });
    },
  }, icon(view.icon), view.title));
  const update = () => {
    for (const link of links) {
      const isHere = link.dataset.view === app.state.view;
      if (isHere) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
      // The rail of a narrow screen is wider than the screen.
      if (isHere && place.scrollWidth > place.clientWidth) place.scrollTo({ left: link.offsetLeft - (place.clientWidth - link.offsetWidth) / 2 });
    }
  };
  app.on((change) => { if ('view' in change) update(); });
  place.append(...links);
  update();
}
