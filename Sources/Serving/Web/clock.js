// The one clock: a place in the text, and a step of the pass within it. Every view shows this instant.

import { state, set, announce } from './state.js';
import { text, current } from './text.js';

export const clock = {
  /** Names of the steps of one pass; a view may bring its own with `setSteps`. */
  steps: [],
  playing: false,
  /** 'token' or 'step': what playing advances. */
  unit: 'token',
  setSteps, play, pause, toggle, move, seek,
};

let timer = null;

/** The steps of one pass, like `['embedding', 'block 0', …, 'output']`. */
function setSteps(names) {
  clock.steps = names;
  announce({ clock: 'steps' });
}

/** The steps of a model's pass: its blocks, between the embedding and the output. */
export function stepsOf(model) {
  if (!model) return [];
  return ['embedding', ...Array.from({ length: model.layers }, (_, layer) => `block ${layer}`), 'output'];
}

function play() {
  if (clock.playing || !text.tokens.length) return;
  clock.playing = true;
  const last = clock.unit === 'token' && current() >= text.tokens.length - 1;
  if (last) seek(0, clock.steps.length - 1);
  timer = setInterval(() => { if (!move(1, clock.unit)) pause(); }, clock.unit === 'token' ? 180 : 220);
  announce({ clock: 'play' });
}

function pause() {
  if (!clock.playing) return;
  clearInterval(timer);
  clock.playing = false;
  announce({ clock: 'pause' });
}

function toggle() { if (clock.playing) pause(); else play(); }

/** Goes to a token, and to a step of its pass (default: its last). */
function seek(token, step) {
  const last = clock.steps.length - 1;
  set({ token: Math.max(0, Math.min(token, text.tokens.length - 1)), step: step === undefined || step >= last ? null : Math.max(0, step) });
}

/** Moves by tokens or steps; false at an end. */
function move(by, unit = 'token') {
  const count = text.tokens.length;
  if (!count) return false;
  if (unit === 'token') {
    const to = current() + by;
    if (to < 0 || to >= count) return false;
    seek(to, state.step ?? undefined);
    return true;
  }
  const steps = Math.max(1, clock.steps.length);
  const place = current() * steps + (state.step ?? steps - 1) + by;
  if (place < 0 || place >= count * steps) return false;
  set({ token: Math.floor(place / steps), step: place % steps });
  return true;
}
