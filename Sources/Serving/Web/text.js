// The text in the making: one session of the server, its tokens, and the run that goes on with it.

import * as api from './api.js';
import { state, set, announce } from './state.js';

export const text = {
  /** The session's id; null before the first one. */
  session: null,
  /** `{ id, text | bytes, isControl?, probability?, entropy?, rank?, choice? }`, the prompt's first. */
  tokens: [],
  promptCount: 0,
  parent: null,
  start: 0,
  running: false,
  /** `{ read, of }` while the prompt is read. */
  reading: null,
  /** `{ reason, … }`, `generated` and `tokensPerSecond` of the last run. */
  end: null,
  error: null,
};

/** How the next token is drawn; also what the inspector draws distributions with. */
export const sampling = { temperature: 0.8, topK: 40, topP: 0.95, minP: 0.05, maxTokens: 96 };
const standard = { ...sampling };
for (const name of Object.keys(standard)) if (typeof state[name] === 'number') sampling[name] = state[name];

/** Changes how tokens are drawn; what differs from the standard goes into the address. */
export function setSampling(name, value) {
  sampling[name] = value;
  set({ [name]: value === standard[name] ? null : value });
}

let control = null;

function take(session) {
  Object.assign(text, {
    session: session.id, tokens: session.tokens, promptCount: session.promptCount, parent: session.parent,
    start: session.start, end: session.finish ? { finish: session.finish } : null, error: null,
  });
}

/** Generates: `{ prompt }`, or `{ session, keep, take }` to go on from a place in a text. */
export async function run(request) {
  stop();
  const mine = new AbortController();
  control = mine;
  const seed = request.seed ?? Math.floor(Math.random() * 2 ** 32);
  Object.assign(text, { running: true, reading: null, end: null, error: null });
  announce({ text: 'begin' });
  try {
    await api.stream('/api/generate', { ...sampling, ...request, seed }, (name, data) => {
      if (control !== mine) return;
      if (name === 'session') {
        take(data);
        set({ session: data.id, token: null, step: null });
        announce({ text: 'session' });
      } else if (name === 'reading') {
        text.reading = data;
        announce({ text: 'reading' });
      } else if (name === 'token') {
        text.reading = null;
        const { choice, ...token } = data;
        text.tokens.push({ ...token, choice, probability: choice?.probability, entropy: choice?.entropy, rank: choice?.rank });
        announce({ text: 'token', index: data.index });
      } else if (name === 'end') {
        text.end = data;
      }
    }, mine.signal);
  } catch (error) {
    if (error.name !== 'AbortError' && control === mine) text.error = error;
  }
  if (control !== mine) return;
  control = null;
  Object.assign(text, { running: false, reading: null });
  announce({ text: 'end' });
}

/** Ends the run; the server notices that nobody reads on. */
export function stop() {
  if (!control) return;
  control.abort();
  control = null;
  Object.assign(text, { running: false, reading: null });
  announce({ text: 'end' });
}

/** Shows another text of the server. */
export async function open(id) {
  stop();
  const session = await api.json(`/api/sessions/${encodeURIComponent(id)}`);
  take(session);
  set({ session: session.id });
  announce({ text: 'session' });
}

/** Forgets the text, as when another model is loaded. */
export function clear() {
  stop();
  Object.assign(text, { session: null, tokens: [], promptCount: 0, parent: null, start: 0, end: null, error: null });
  set({ session: null, token: null, step: null });
  announce({ text: 'session' });
}

/** What a token was chosen from, with up to 256 alternatives; a given token's is worked out by the model now. */
export async function choice(index, signal) {
  const token = text.tokens[index];
  if (token?.full) return token.full;
  const session = text.session;
  const full = token?.probability === undefined
    ? await api.json('/api/next', { session, keep: index }, signal)
    : await api.json(`/api/sessions/${session}/choices/${index}`, undefined, signal);
  if (token && text.session === session) token.full = full;
  return full;
}

/** The token that all views are about: the selected one, else the latest. */
export function current() {
  return Math.max(0, Math.min(state.token ?? text.tokens.length - 1, text.tokens.length - 1));
}
