// `/`: finds tokens of the text, views, and words of the field.

import { h } from './dom.js';
import { label } from './format.js';
import { glossary } from '../glossary.js';
import { views } from '../views.js';

const most = 40;

/** Views add what they hold: functions `(query) → [{ title, note, go() }]`. */
export const sources = new Set();

export function find(app) {
  const input = h('input', { type: 'search', placeholder: 'A token, a view, a word…', 'aria-label': 'Find' });
  const list = h('ul.models');
  const dialog = h('dialog', { onclick: (event) => { if (event.target === dialog) dialog.close(); }, onclose: () => dialog.remove() }, input, list);

  function results(query) {
    const wanted = query.toLowerCase();
    const has = (words) => words.toLowerCase().includes(wanted);
    const found = views.filter((view) => has(view.title)).map((view) => ({ title: view.title, note: 'view', go: () => app.set({ view: view.id }) }));
    if (wanted) {
      app.text.tokens.forEach((token, index) => {
        if (found.length < most && has(token.text ?? token.bytes ?? '')) found.push({ title: label(token), note: `token ${index}`, go: () => app.set({ token: index }) });
      });
      for (const source of sources) found.push(...source(wanted));
      for (const [name, entry] of Object.entries(glossary)) if (has(name)) found.push({ title: name, note: entry.says, go: () => {} });
    }
    return found.slice(0, most);
  }

  function update() {
    list.replaceChildren(...results(input.value.trim()).map((item) => h('li',
      h('button', { onclick: () => { dialog.close(); item.go(); } }, h('span.name', item.title), h('small', item.note)))));
  }
  input.addEventListener('input', update);
  input.addEventListener('keydown', (event) => { if (event.key === 'Enter') list.querySelector('button')?.click(); });
  document.body.append(dialog);
  dialog.showModal();
  update();
}
