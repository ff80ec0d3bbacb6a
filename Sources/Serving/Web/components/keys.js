// The keyboard: the same everywhere, and shown by `?`.

import { h } from './dom.js';
import { views } from '../views.js';
import { find } from './find.js';

const list = [
  ['space', 'play or pause'], ['← →', 'one token back or on'], ['shift ← →', 'one step of the pass back or on'],
  ['home end', 'first or last token'], ['/', 'find a token, a view, a word of the field'], ['g', 'write a prompt'], ['h', 'home: let go of the selection'], ['+ −', 'nearer or farther, in Anatomy'], ['↑ ↓', 'steps of the pass in Anatomy; cells of a grid that has the focus'],
  ['1 … 9', 'the views, in order'], ['?', 'these keys'], ['esc', 'close what is open'],
];

export function mountKeys(app) {
  app.keys = () => {
    const dialog = h('dialog', { onclick: (event) => { if (event.target === dialog) dialog.close(); }, onclose: () => dialog.remove() },
      h('h2', 'Keys'), h('div.keys', list.map(([key, does]) => [h('kbd', key), h('span', does)])));
    document.body.append(dialog);
    dialog.showModal();
  };
  const actions = {
    ' ': () => app.clock.toggle(),
    ArrowLeft: (event) => app.clock.move(-1, event.shiftKey ? 'step' : 'token'),
    ArrowRight: (event) => app.clock.move(1, event.shiftKey ? 'step' : 'token'),
    Home: () => app.clock.seek(0), End: () => app.clock.seek(app.text.tokens.length - 1),
    h: () => { app.clock.pause(); app.set({ token: null, step: null, layer: null, head: null, tensor: null }); app.announce({ home: true }); },
    g: () => document.getElementById('prompt').focus(),
    '/': () => find(app), '?': () => app.keys(),
  };
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector('dialog[open]')) return;
    const target = event.target;
    if (target.matches?.('input, textarea, select, [contenteditable]')) {
      if (event.key === 'Escape') target.blur();
      return;
    }
    if (event.key === ' ' && target.matches?.('button, a, summary, [role=button]')) return;
    const place = Number(event.key);
    if (place >= 1 && place <= views.length) { event.preventDefault(); app.set({ view: views[place - 1].id }); return; }
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action(event);
  });
}
