// The bar at the top: model, prompt, run.

import { h, icon } from './dom.js';
import * as texts from '../text.js';

export function mountTop(place, app) {
  const name = h('span');
  const model = h('button.model', { onclick: () => app.chooseModel(app), title: 'Choose a model' }, name, icon('down'));
  const prompt = h('textarea', {
    rows: '1', id: 'prompt', 'aria-label': 'Prompt', placeholder: 'Write a beginning…', maxlength: '400000', spellcheck: 'false',
    oninput: fit,
    onkeydown: (event) => {
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
    },
  });
  const button = h('button.primary', { type: 'submit' }, 'Run');
  const form = h('form', {
    onsubmit: (event) => {
      event.preventDefault();
      if (app.text.running) app.stop();
      else start();
    },
  }, prompt, button);

  function fit() {
    prompt.style.height = '';
    prompt.style.height = `${Math.min(160, Math.max(40, prompt.scrollHeight + 2))}px`;
  }

  function start() {
    if (!app.model) return app.chooseModel(app);
    const value = prompt.value;
    const seed = Math.floor(Math.random() * 2 ** 32);
    app.set({ prompt: value.length <= 600 ? value : null, seed });
    if (app.state.view !== 'generate' && app.state.view !== 'anatomy') app.set({ view: 'generate' });
    app.run({ prompt: value, seed });
  }

  function update(change) {
    if (change.loaded !== undefined || change.theme) {
      name.textContent = app.model?.id ?? 'Choose a model';
      form.hidden = !app.model;
      prompt.placeholder = !app.model?.hasTokenizer ? 'Token ids, like 0 2 1' : app.model.vocabulary < 16 ? 'Letters, like CBABBC' : app.model.hasTemplate ? 'Ask something…' : 'Write a beginning…';
    }
    if (change.text) {
      button.textContent = app.text.running ? 'Stop' : 'Run';
      if (change.text === 'session' && document.activeElement !== prompt && !prompt.value) prompt.value = '';
    }
  }
  app.on(update);
  if (app.state.prompt !== undefined && app.state.prompt !== null) prompt.value = String(app.state.prompt);
  place.append(
    h('a.brand', { href: '#generate', 'aria-label': 'Orrery', onclick: (event) => { event.preventDefault(); app.set({ view: 'generate' }); } },
      h('img', { src: 'icon.svg', alt: '' }), h('span', 'Orrery')),
    model, form,
    h('div.tools',
      h('button.icon', { 'aria-label': 'Change between dark and light', title: 'Dark or light', onclick: () => app.theme.toggle() }, icon('moon')),
      h('button.icon', { 'aria-label': 'Keys', title: 'Keys (?)', onclick: () => app.keys() }, icon('question'))));
  update({ loaded: null });
  requestAnimationFrame(fit);
}
