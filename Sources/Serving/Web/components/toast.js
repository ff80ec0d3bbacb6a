// A short message that goes by itself.

import { h } from './dom.js';

let timer = null;

export function toast(message) {
  document.getElementById('toast')?.remove();
  clearTimeout(timer);
  const element = h('div', { id: 'toast', role: 'status' }, message);
  document.body.append(element);
  timer = setTimeout(() => element.remove(), 6000);
}
