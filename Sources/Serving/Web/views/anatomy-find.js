// Finds any tensor by its name or by its words, and any token of the text.

import { h } from '../components/dom.js';
import { title } from '../gl/names.js';

export function findBlock(view) {
  const { geometry } = view;
  if (!geometry || document.querySelector('dialog[open]')) return;
  const input = h('input', { type: 'search', placeholder: 'A tensor or a token: attn_q, pattern 3, experts …', 'aria-label': 'Find a tensor' });
  const list = h('ul.found');
  const dialog = h('dialog.finder', { onclick: (event) => { if (event.target === dialog) dialog.close(); }, onclose: () => dialog.remove() }, input, list);
  const all = geometry.blocks.map((block) => ({ block, text: `${title(block)} ${block.layer ?? ''} ${block.name}`.toLowerCase() }));
  const go = (block) => {
    dialog.close();
    view.steps.follows = false;
    view.inspection.select({ block, copy: 0, row: 0, column: 0 });
    view.stage.frameBlocks([block]);
  };
  const fill = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = all.filter(({ text }) => words.every((word) => text.includes(word))).slice(0, 12);
    const tokens = words.length ? view.app.text.tokens.map((token, place) => ({ token, place }))
      .filter(({ token }) => (token.text ?? '').toLowerCase().includes(input.value.trim().toLowerCase())).slice(0, 4) : [];
    list.replaceChildren(...tokens.map(({ token, place }) => h('li', h('button', { onclick: () => { dialog.close(); view.app.set({ token: place }); } },
      h('span', `“${token.text}”`), h('span.muted', `token ${place}`)))), ...found.map(({ block }) => h('li', h('button', { onclick: () => go(block) },
      h('span', title(block), block.layer === null ? '' : `, block ${block.layer}`), h('span.muted.mono', `${block.name}  ${block.shape.join('×')}`)))));
  };
  input.addEventListener('input', fill);
  input.addEventListener('keydown', (event) => { if (event.key === 'Enter') list.querySelector('button')?.click(); });
  fill();
  document.body.append(dialog);
  dialog.showModal();
  input.focus();
}
