// Observatory and paper: as the system says, unless a person chose.

import { announce } from '../state.js';

const system = matchMedia('(prefers-color-scheme: light)');
let chosen = null;

function apply() {
  const isLight = chosen ? chosen === 'paper' : system.matches;
  document.documentElement.dataset.theme = isLight ? 'paper' : 'observatory';
  cache.clear();
  announce({ theme: isLight ? 'paper' : 'observatory' });
}

const cache = new Map();

/** A CSS variable of the present theme, like `color('accent')`. */
export function color(name) {
  if (!cache.has(name)) cache.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
  return cache.get(name);
}

/** Red, green and blue of a variable, 0 to 255. */
export function channels(name) {
  const text = color(name);
  const hex = /^#([0-9a-f]{6})$/i.exec(text);
  if (hex) return [0, 2, 4].map((place) => parseInt(hex[1].slice(place, place + 2), 16));
  return (text.match(/[\d.]+/g) ?? [0, 0, 0]).slice(0, 3).map(Number);
}

function mix(from, to, share) {
  const [a, b] = [channels(from), channels(to)];
  return `rgb(${a.map((value, index) => Math.round(value + (b[index] - value) * share)).join(' ')})`;
}

/** A value's colour on the scale that is symmetric about zero; `range` is the value at its ends. */
export function diverging(value, range) {
  const share = Math.max(-1, Math.min(1, range > 0 ? value / range : 0));
  return mix('zero', share < 0 ? 'negative' : 'positive', Math.abs(share));
}

/** A probability's colour. */
export function sequential(share) { return mix('ground', 'sequential', Math.max(0, Math.min(1, share))); }

export const theme = {
  start() {
    try { chosen = localStorage.getItem('theme'); } catch { /* private windows keep nothing */ }
    system.addEventListener('change', apply);
  },
  toggle() {
    chosen = document.documentElement.dataset.theme === 'paper' ? 'observatory' : 'paper';
    try { localStorage.setItem('theme', chosen); } catch { /* private windows keep nothing */ }
    apply();
  },
  color, channels, diverging, sequential,
};
