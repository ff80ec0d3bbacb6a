// Terms that explain themselves: on hover, on focus, on touch.

import { h } from './dom.js';
import { glossary } from '../glossary.js';

/** A word of the field, explained in one sentence; `shown` is written in its place. */
export function term(name, shown) {
  return h('dfn.term', { 'data-term': name, tabindex: '0' }, shown ?? name);
}

export function mountTips() {
  const tip = h('div', { id: 'tip', role: 'tooltip', hidden: true });
  document.body.append(tip);
  const hide = () => { tip.hidden = true; };
  const show = (event) => {
    const element = event.target.closest?.('[data-term]');
    const entry = element && glossary[element.dataset.term];
    if (!entry) return hide();
    tip.replaceChildren(entry.says, ...(entry.names ? [h('span.names', `In papers: ${entry.names}`)] : []));
    tip.hidden = false;
    const place = element.getBoundingClientRect();
    const { width, height } = tip.getBoundingClientRect();
    const above = place.top - height - 8;
    tip.style.left = `${Math.max(12, Math.min(place.left, innerWidth - width - 12))}px`;
    tip.style.top = `${above > 8 ? above : Math.min(place.bottom + 8, innerHeight - height - 8)}px`;
  };
  document.addEventListener('pointerover', show);
  document.addEventListener('focusin', show);
  document.addEventListener('scroll', hide, true);
}
