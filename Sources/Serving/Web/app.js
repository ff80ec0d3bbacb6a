// The shell: brings the parts together and shows one view at a time.

import * as api from './api.js';
import { state, set, on, announce } from './state.js';
import * as texts from './text.js';
import { clock, stepsOf } from './clock.js';
import { views } from './views.js';
import { h } from './components/dom.js';
import { inspector } from './components/inspector.js';
import { mountTop } from './components/top.js';
import { mountRail } from './components/rail.js';
import { mountTimeline } from './components/timeline.js';
import { chooseModel, noModel } from './components/chooser.js';
import { mountKeys } from './components/keys.js';
import { painted } from './components/painted.js';
import { mountTips } from './components/tips.js';
import { theme } from './components/theme.js';
import { toast } from './components/toast.js';

/** What every view gets. */
export const app = {
  api, state, set, on, announce, clock, inspector, theme, toast,
  /** The text in the making and how it goes on; see text.js. */
  text: texts.text, sampling: texts.sampling, setSampling: texts.setSampling, run: texts.run, stop: texts.stop, open: texts.open, choice: texts.choice,
  /** The token that all views are about. */
  current: texts.current,
  /** What the lens last said of the text's recording: `{ session, dropped }`; see views/recording.js. */
  recorded: null,
  /** The loaded model's summary (see /api/status); null without one. */
  model: null,
  chooseModel, refresh, begin,
};

const styled = new Set();

/** Loads a stylesheet once; resolves when it applies. */
function stylesheet(path) {
  if (styled.has(path)) return Promise.resolve();
  styled.add(path);
  return new Promise((done) => {
    document.head.append(h('link', { rel: 'stylesheet', href: path, onload: done, onerror: done }));
  });
}

/** The view on screen. */
let shown = null;
let turn = 0;

/** Loads the view that the address names, with its styles, and puts it in the place of the last. */
async function show() {
  const mine = ++turn;
  const view = views.find((view) => view.id === state.view) ?? views[0];
  const place = document.getElementById('view');
  if (!app.model && !view.needsNoModel) {
    leave();
    place.replaceChildren(noModel(app));
    inspector.clear();
    return;
  }
  let View;
  try {
    [{ default: View }] = await Promise.all([import(`./views/${view.id}.js`), stylesheet(`views/${view.id}.css`)]);
  } catch (error) { console.error(error); toast(`${view.title} could not be loaded.`); return; }
  if (mine !== turn) return;
  leave();
  place.replaceChildren();
  place.scrollTop = 0;
  document.body.dataset.view = view.id;
  inspector.clear();
  document.title = `${view.title} – Orrery`;
  shown = new View(place, app);
  start(shown);
}

async function start(view) {
  try { await view.start?.(); } catch (error) { console.error(error); toast(error.message); }
}

function leave() {
  try { shown?.unmount?.(); } catch (error) { console.error(error); }
  shown = null;
}

/** Asks the server which model is loaded, and shows what follows from it. */
async function refresh() {
  const status = await api.json('/api/status');
  const changed = status.model?.id !== app.model?.id || status.model?.loaded !== app.model?.loaded;
  app.model = status.model;
  if (!changed) return;
  clock.setSteps(stepsOf(app.model));
  document.body.classList.toggle('no-model', !app.model);
  document.body.classList.toggle('numbers', app.model?.hasTokenizer === false);
  if (app.model) set({ model: app.model.id });
  announce({ loaded: app.model?.id ?? null });
  await show();
}

on((change) => {
  if ('view' in change) show();
  else shown?.update?.(change);
});

/** A beginning that suits the model: a question, a story, letters to sort, or token ids. */
function opening() {
  if (!app.model.hasTokenizer) return '0';
  if (app.model.vocabulary < 16) return 'CBABBC';
  return app.model.hasTemplate ? 'Tell me a short story about the stars.' : 'Once upon a time';
}

/** The first sentence, or the one that the address names. */
async function begin() {
  const { session, prompt, seed } = state;
  if (!app.model) return;
  if (session) {
    try { return await texts.open(session); } catch { set({ session: null, token: null, step: null }); }
  }
  if (state.view !== 'generate' && !prompt) return;
  await texts.run(prompt ? { prompt: String(prompt), seed } : { prompt: opening(), maxTokens: 64 });
  // A small model is done before one can look: then the clock shows it again, token by token.
  const isQuick = (texts.text.end?.tokensPerSecond ?? 0) > 20;
  if (isQuick && state.token == null && !matchMedia('(prefers-reduced-motion: reduce)').matches) {
    clock.seek(texts.text.promptCount);
    clock.play();
  }
}

// The words of index.html are seen first.
await painted;
theme.start();
mountTips();
mountTop(document.getElementById('top'), app);
mountRail(document.getElementById('rail'), app);
mountTimeline(document.getElementById('time'), app);
mountKeys(app);
inspector.mount(document.getElementById('side'), app);
window.orrery = app;
try {
  await refresh();
  document.body.classList.toggle('no-model', !app.model);
  if (!app.model) { announce({ loaded: null }); await show(); }
  await begin();
} catch (error) {
  if (!app.model) announce({ loaded: null });
  toast(error.message);
}
