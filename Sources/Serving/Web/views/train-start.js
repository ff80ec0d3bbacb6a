// What to train: a recipe, a text of one's own, or a run that goes on.

import { h } from '../components/dom.js';
import { bytes, count } from '../components/format.js';

/** Longer texts are trained from the command line. */
const limit = 6 << 20;

export class Start {
  constructor(app, overview, actions) {
    Object.assign(this, { app, overview, actions });
    this.error = h('p.wrong', { role: 'alert' });
    const ready = overview.recipes.filter((recipe) => !recipe.needsText);
    const reader = overview.recipes.find((recipe) => recipe.needsText);
    this.element = h('div.start',
      h('header', h('h2', 'Train a model'), h('p.muted', 'From random weights to a working model, on this machine. Closing the page does not end a run.'),
        actions.back && h('p', h('button', { onclick: actions.back }, `Back to ${overview.live.id}`))),
      this.error,
      h('section', h('h3', 'Recipes'), h('ul.recipes', ready.map((recipe) => this.recipe(recipe)))),
      reader && this.paste(reader),
      overview.runs.length ? h('section', h('h3', 'Runs so far'), this.runs()) : null);
  }

  recipe(recipe) {
    const { model, data } = recipe.json;
    const sizes = model.path ? 'an existing model' : `${model.family}, ${model.layers} layers, ${model.heads} heads, width ${model.width}, context ${model.context}`;
    return h('li', { 'data-recipe': recipe.name },
      h('div', h('strong', recipe.name), h('p', recipe.about), h('p.muted.small', `${sizes} · ${count(recipe.steps)} steps of ${recipe.batch}`),
        h('details', h('summary.small', 'The recipe'), h('pre', JSON.stringify(recipe.json, null, 2)))),
      h('button.primary', { onclick: (event) => this.begin({ recipe: recipe.name }, event.currentTarget) }, 'Start'));
  }

  paste(recipe) {
    const size = h('span.muted.small', 'no text yet');
    const steps = h('input', { type: 'number', min: '10', max: '1000000', value: String(recipe.steps), 'aria-label': 'Steps' });
    const button = h('button.primary', { disabled: true, onclick: () => this.begin({ recipe: recipe.name, text: this.text.value, steps: Number(steps.value) }, button) }, 'Start');
    const changed = () => {
      const long = new Blob([this.text.value]).size;
      size.textContent = long > limit ? `${bytes(long)}: too long for the page; use orrery train ${recipe.name} --text FILE` : long ? bytes(long) : 'no text yet';
      button.disabled = !long || long > limit;
    };
    this.text = h('textarea', { rows: '6', placeholder: 'Paste a text: some pages at least. A small model learns it letter by letter.', 'aria-label': 'Text to learn from', oninput: changed, spellcheck: 'false' });
    const file = h('input', { type: 'file', accept: 'text/*,.txt,.md', 'aria-label': 'A text file', onchange: async () => {
      const [chosen] = file.files;
      if (!chosen) return;
      this.text.value = chosen.size > limit ? '' : await chosen.text();
      changed();
      if (chosen.size > limit) size.textContent = `${bytes(chosen.size)}: too long for the page; use orrery train ${recipe.name} --text FILE`;
    } });
    return h('section.paste', h('h3', 'A text of your own'), this.text,
      h('div.line', file, size, h('span.grow'), h('label.steps', 'steps', steps), button),
      h('p.muted.small', `${recipe.name}: ${recipe.json.model.layers} layers of width ${recipe.json.model.width} read ${recipe.json.model.context} characters at a time; the last tenth of the text is held out.`));
  }

  runs() {
    const words = { elsewhere: 'being trained by another program', interrupted: 'interrupted: goes on from its last checkpoint' };
    return h('ul.runs', this.overview.runs.slice(0, 50).map((run) => h('li', { 'data-run': run.id },
      h('div', h('strong', run.id), h('p.muted.small', `${words[run.status] ?? run.status} · step ${count(run.step)} of ${count(run.steps)} · ${new Date(run.began).toLocaleString()}`), run.message && h('p.wrong.small', run.message)),
      h('span.line', h('button', { onclick: () => this.open(run) }, 'Look'),
        run.step < run.steps && !['running', 'paused', 'elsewhere'].includes(run.status) && h('button', { onclick: (event) => this.begin({ run: run.id }, event.currentTarget) }, 'Go on')))));
  }

  async begin(body, button) {
    this.error.textContent = '';
    button.disabled = true;
    try {
      this.actions.begun(await this.app.api.json('/api/training/start', body));
    } catch (error) {
      this.error.textContent = error.message;
      this.error.scrollIntoView({ block: 'nearest' });
    } finally {
      button.disabled = false;
    }
  }

  async open(run) {
    try { this.actions.opened(await this.app.api.json(`/api/training/runs/${encodeURIComponent(run.id)}`)); } catch (error) { this.error.textContent = error.message; }
  }
}
