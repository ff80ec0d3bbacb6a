// The column on the right, always about the one selected thing.

import { h, icon } from './dom.js';
import { toast } from './toast.js';

const kinds = {
  value: 'value: read from the run itself',
  derived: 'derived: computed from values of the run',
  estimate: 'estimate: what is likely, not measured',
};

let place = null;
let dismissed = null;
/** While something in the column is held, what is shown next waits. */
let isHeld = false;
let waiting = null;

/** A label that says how a number was obtained. */
export function kind(name) { return h('span.kind', { title: kinds[name] }, name); }

export const inspector = {
  mount(element) {
    place = element;
    inspector.clear();
    place.addEventListener('pointerdown', (event) => { isHeld = event.target.matches('input'); });
    addEventListener('pointerup', () => {
      isHeld = false;
      const next = waiting;
      waiting = null;
      if (next) inspector.show(next);
    });
  },

  clear() {
    dismissed = null;
    waiting = null;
    place.replaceChildren();
    document.body.classList.add('no-side');
  },

  /**
   * Shows `{ title, subtitle?, kind?, rows?: [[label, value]], body?: Node[], command?, key? }`.
   * On narrow screens a person may close it; it stays closed until another `key` is shown.
   */
  show(content) {
    const { title, subtitle, kind: obtained, rows = [], body = [], command, key } = content;
    if (key !== undefined && key === dismissed) return;
    if (isHeld) { waiting = content; return; }
    document.body.classList.remove('no-side');
    const scroll = place.scrollTop;
    place.replaceChildren(h('section',
      h('button.icon.close', { 'aria-label': 'Close', onclick: () => { inspector.clear(); dismissed = key; } }, icon('close')),
      h('header', h('h2', title), subtitle && h('p.muted', subtitle, ' ', obtained && kind(obtained))),
      rows.length ? h('dl', rows.map(([name, value]) => [h('dt', name), h('dd', value)])) : null,
      body,
      command && commandLine(command)));
    place.scrollTop = scroll;
  },
};

/** A line that gives the same from the terminal, to copy. */
export function commandLine(command) {
  return h('div.command', h('span', command),
    h('button.icon', {
      'aria-label': 'Copy as command', title: 'Copy as command',
      onclick: () => navigator.clipboard?.writeText(command).then(() => toast('Copied.'), () => toast('The browser does not allow copying here.')),
    }, icon('copy')));
}
