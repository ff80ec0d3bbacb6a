// The bar at the top: model, prompt, run. Its prompt is in index.html: it is seen before scripts have run.

import { h, icon } from './dom.js';
import * as texts from '../text.js';

export function mountTop(place, app) {
  const [brand, model, form] = place.children;
  const [prompt, button] = form.children;
  const name = h('span');
  model.append(name, icon('down'));
  model.onclick = () => app.chooseModel(app);
  brand.onclick = (event) => { event.preventDefault(); app.set({ view: 'generate' }); };
  prompt.oninput = fit;
  prompt.onkeydown = (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    if (app.text.running) app.stop();
    else start();
  };

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
      button.disabled = false;
      prompt.placeholder = !app.model?.hasTokenizer ? 'Token ids, like 0 2 1' : app.model.vocabulary < 16 ? 'Letters, like CBABBC' : app.model.hasTemplate ? 'Ask something…' : 'Write a beginning…';
    }
    if (change.text) {
      button.textContent = app.text.running ? 'Stop' : 'Run';
      if (change.text === 'session' && document.activeElement !== prompt && !prompt.value) prompt.value = '';
    }
  }
  app.on(update);
  if (!prompt.value && app.state.prompt !== undefined && app.state.prompt !== null) prompt.value = String(app.state.prompt);
  place.append(h('div.tools',
    h('button.icon', { 'aria-label': 'Change between dark and light', title: 'Dark or light', onclick: () => app.theme.toggle() }, icon('moon')),
    h('button.icon', { 'aria-label': 'Keys', title: 'Keys (?)', onclick: () => app.keys() }, icon('question'))));
  requestAnimationFrame(fit);
}
