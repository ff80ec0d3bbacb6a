// Experts: which networks of a mixture each token takes, how the load falls, and what each expert serves.

import { h } from '../components/dom.js';
import { label, percent } from '../components/format.js';
import { kind } from '../components/inspector.js';
import { term } from '../components/tips.js';
import { Recording, brushOf, isOver, throttled } from './recording.js';

export default {
  id: 'experts',
  title: 'Experts',
  async mount(element, app) {
    await app.stylesheet('views/experts.css');
    const view = new Experts(element, app);
    view.refresh();
    return { update: (change) => view.update(change), unmount: () => view.unmount() };
  },
};

class Experts {
  constructor(element, app) {
    Object.assign(this, { app, recording: new Recording(app), layers: [], expert: null });
    this.message = h('p.muted', { role: 'status' });
    this.canvas = h('canvas', { tabindex: '0', role: 'grid', 'aria-label': 'Load of experts by layer' });
    this.canvas.addEventListener('click', (event) => { const place = this.place(event); if (place) { this.expert = place.expert; app.set({ layer: place.layer }); this.draw(); this.describe(); } });
    this.canvas.addEventListener('pointermove', (event) => { const place = this.place(event); this.canvas.title = place ? `layer ${place.layer}, expert ${place.expert}: ${percent(this.layers[place.layer]?.load[place.expert] ?? 0)} of all choices` : ''; });
    this.title = h('h2');
    this.words = h('p.experts-words');
    this.words.addEventListener('click', (event) => { const span = event.target.closest('[data-index]'); if (span) { app.clock.pause(); app.set({ token: Number(span.dataset.index), step: null }); } });
    this.token = h('div.experts-token');
    this.parts = h('div.experts-parts', { hidden: true },
      h('section', h('h3', 'How often each ', term('expert'), ' is taken, layer by layer ', kind('derived')), h('div.scroll', this.canvas)),
      h('section', this.title, this.words), h('section', this.token));
    element.append(h('div.page.experts', this.message, this.parts));
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(element);
    this.soon = throttled(() => this.refresh(), 900);
  }

  unmount() { this.closed = true; this.watch.disconnect(); this.soon.cancel(); this.recording.close(); }

  update(change) {
    if (change.text === 'session') { this.recording.close(); this.recording = new Recording(this.app); this.soon(); }
    else if (change.text === 'token' || change.text === 'end') this.soon();
    if ('layer' in change || 'token' in change || 'theme' in change) { this.draw(); this.describe(); }
  }

  get layer() {
    const wanted = this.app.state.layer ?? 0;
    return this.info.layers[wanted]?.experts ? wanted : this.info.layers.findIndex((layer) => layer.experts);
  }

  async refresh() {
    try {
      const info = await this.recording.describe();
      if (this.closed) return;
      this.info = info;
      this.parts.hidden = !info?.layers.some((layer) => layer.experts) || !info.positions;
      if (!info?.positions) { this.message.textContent = 'No text yet: write a beginning above, and run it.'; return; }
      if (this.parts.hidden) { this.message.textContent = 'This model is no mixture: every token takes the same networks. Load one with experts to see them chosen.'; return; }
      this.message.textContent = '';
      for (const layer of info.layers.keys()) {
        if (!info.layers[layer].experts) continue;
        this.layers[layer] = await this.recording.json('experts', { layer, at: info.positions });
        if (this.closed) return;
        this.draw();
        if (layer === this.layer) this.describe();
      }
    } catch (error) { if (!isOver(error)) this.message.textContent = error.message; }
  }

  sizes() {
    const count = Math.max(...this.info.layers.map((layer) => layer.experts ?? 0));
    const wide = Math.max(5, Math.min(36, Math.floor((this.parts.clientWidth - 40) / count) - 1));
    return { count, wide, tall: Math.max(8, Math.min(22, wide)) };
  }

  draw() {
    if (!this.info || this.parts.hidden) return;
    const { count, wide, tall } = this.sizes();
    const brush = brushOf(this.canvas, 40 + count * (wide + 1), this.info.layers.length * (tall + 2) + 4);
    const { theme } = this.app;
    brush.font = `11px ${getComputedStyle(this.canvas).fontFamily}`;
    brush.textBaseline = 'middle';
    this.info.layers.forEach((layer, index) => {
      const top = index * (tall + 2) + 2;
      brush.fillStyle = theme.color(index === this.layer ? 'accent' : 'muted');
      if (tall > 11 || index % 2 === 0) brush.fillText(`L${index}`, 2, top + tall / 2);
      const found = this.layers[index];
      const most = Math.max(...(found?.load ?? [1]), 1e-9);
      for (let expert = 0; expert < (layer.experts ?? 0); expert += 1) {
        brush.fillStyle = found ? theme.sequential(found.load[expert] / most) : theme.color('sunken');
        brush.fillRect(40 + expert * (wide + 1), top, wide, tall);
        if (index === this.layer && expert === this.expert) {
          brush.strokeStyle = theme.color('accent-fill');
          brush.lineWidth = 2;
          brush.strokeRect(40 + expert * (wide + 1), top, wide, tall);
        }
      }
    });
  }

  place(event) {
    if (!this.info) return null;
    const { wide, tall } = this.sizes();
    const box = this.canvas.getBoundingClientRect();
    const layer = Math.floor((event.clientY - box.top - 2) / (tall + 2));
    const expert = Math.floor((event.clientX - box.left - 40) / (wide + 1));
    return layer >= 0 && expert >= 0 && expert < (this.info.layers[layer]?.experts ?? 0) ? { layer, expert } : null;
  }

  /** The text shaded by how much of each token the selected expert takes, and the selected token's experts. */
  describe() {
    if (!this.info || this.parts.hidden) return;
    const found = this.layers[this.layer];
    if (!found) return;
    const { tokens } = this.app.text;
    if (this.expert === null || this.expert >= found.experts) this.expert = found.load.indexOf(Math.max(...found.load));
    const { expert } = this;
    this.title.textContent = `Layer ${this.layer}, expert ${expert}: what it serves`;
    const first = Math.max(0, found.choice.length - 600);
    const spans = [];
    for (let row = first; row < found.choice.length; row += 1) {
      const place = found.choice[row].indexOf(expert);
      const index = row + found.positions[0];
      const weight = place < 0 ? 0 : found.weights[row][place];
      spans.push(h('span', { 'data-index': index, class: index === this.app.current() ? 'here' : undefined, title: place < 0 ? 'not taken' : `weight ${percent(weight)}`, style: { '--weight': `${Math.round(Math.sqrt(Math.min(1, weight)) * 100)}%` } }, tokens[index]?.text ?? label(tokens[index])));
    }
    this.words.replaceChildren(...spans);
    const row = Math.max(0, Math.min(found.choice.length - 1, this.app.current() - found.positions[0]));
    const most = Math.max(...found.weights[row], 1e-9);
    this.token.replaceChildren(h('h3', 'The experts that “', label(tokens[row + found.positions[0]]), `” takes in layer ${this.layer} `, kind('value')),
      h('div.experts-bars', found.choice[row].map((chosen, place) => h('button.plain', { onclick: () => { this.expert = chosen; this.draw(); this.describe(); } },
        h('span', `expert ${chosen}`), h('i', { style: { width: `${found.weights[row][place] / most * 100}%` } }), h('span.number', percent(found.weights[row][place]))))));
  }
}
