// Choosing a model: what there is, what it takes, loading it.

import { h } from './dom.js';
import { bytes, count } from './format.js';
import { clear } from '../text.js';

/** What the view's place shows while no model is loaded. */
export function noModel(app) {
  const place = h('div.notice', h('h2', 'Choose a model'),
    h('p.muted', 'These were found on this machine. Nothing leaves it.'));
  fill(place, app, () => {});
  return place;
}

/** The same over the page. */
export function chooseModel(app) {
  const dialog = h('dialog', { onclick: (event) => { if (event.target === dialog) dialog.close(); }, onclose: () => dialog.remove() }, h('h2', 'Choose a model'));
  const place = h('div');
  dialog.append(place);
  document.body.append(dialog);
  dialog.showModal();
  fill(place, app, () => dialog.close());
}

async function fill(place, app, done) {
  const list = h('ul.models', h('li.muted', 'Looking…'));
  place.append(list);
  try {
    const { models } = await app.api.json('/api/models');
    const usable = models.filter((model) => model.problem || model.bytes > 0 || model.family === null);
    if (!usable.length) {
      list.replaceChildren(h('li', h('p', 'There is none below the folder that orrery was started in.'),
        h('p.muted', 'Start it as ', h('span.mono', 'orrery serve model.gguf'), ', or name a folder with ', h('span.mono', 'ORRERY_MODELS'), '.')));
      return;
    }
    list.replaceChildren(...usable.map((model) => row(model, app, list, done)));
    if (app.model) {
      place.append(h('button', {
        onclick: async () => { await app.api.json('/api/models/unload', {}); clear(); done(); app.refresh(); },
      }, `Let go of ${app.model.id}`));
    }
  } catch (error) {
    list.replaceChildren(h('li.wrong', error.message));
  }
}

function row(model, app, list, done) {
  const isLoaded = app.model?.id === model.name;
  return h('li', h('button', {
    disabled: Boolean(model.problem), 'aria-pressed': String(isLoaded), onclick: () => plan(model, app, list, done),
  }, h('span.name', model.name), h('span.number', model.bytes ? bytes(model.bytes) : ''),
  h('small', model.problem ?? `${model.family ?? 'given on the command line'}${isLoaded ? ', loaded' : ''}`)));
}

/** What loading takes, and a button that does it. */
async function plan(model, app, list, done) {
  const go = h('button.primary', { onclick: () => load(model, app, list, done) }, 'Load');
  const facts = h('dl.facts');
  list.replaceChildren(h('li', h('p.chosen', model.name), facts, h('p', go, ' ', h('button', { onclick: () => refill(list, app, done) }, 'Back'))));
  go.focus();
  try {
    const plan = await app.api.json(`/api/plan?model=${encodeURIComponent(model.name)}`);
    const fits = plan.totalBytes <= plan.machine.availableBytes;
    facts.append(...[
      ['Memory', `${bytes(plan.totalBytes)}${fits ? '' : ', more than is free'}`],
      ['of it weights', bytes(plan.weightBytes)],
      ['caches', `${bytes(plan.stateBytes)} for ${plan.users} texts of ${count(plan.context)} tokens`],
      ['Free on this machine', `${bytes(plan.machine.availableBytes)} of ${bytes(plan.machine.memoryBytes)}`],
    ].flatMap(([name, value]) => [h('dt', name), h('dd', value)]));
  } catch (error) {
    facts.append(h('dd.wrong', error.message));
  }
}

function refill(list, app, done) {
  const place = list.parentElement;
  list.remove();
  place.querySelectorAll(':scope > button').forEach((button) => button.remove());
  fill(place, app, done);
}

async function load(model, app, list, done) {
  const bar = h('progress', { max: '1', value: '0' });
  const note = h('p.muted', `Loading ${model.name}…`);
  list.replaceChildren(h('li', note, bar));
  try {
    clear();
    app.set({ prompt: null, seed: null });
    await app.api.stream('/api/models/load', { model: model.name }, (name, data) => {
      if (name === 'progress') bar.value = data.share;
    });
    done();
    await app.refresh();
    await app.begin();
  } catch (error) {
    list.replaceChildren(h('li', h('p.wrong', error.message), h('button', { onclick: () => refill(list, app, done) }, 'Back')));
    app.refresh();
  }
}
