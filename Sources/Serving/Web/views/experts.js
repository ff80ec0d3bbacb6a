// Experts: which networks of a mixture each token takes, how the load falls, and what each expert serves.

import { h, icon } from '../components/dom.js';
import { label, percent } from '../components/format.js';
import { kind } from '../components/inspector.js';
import { term } from '../components/tips.js';
import { Recording, brushOf, held, isOver, throttled } from './recording.js';

/** Pixels above the grid, for the experts' numbers. */
const head = 18;

export default class Experts {
  constructor(element, app) {
    Object.assign(this, { app, recording: new Recording(app), layers: [], expert: null });
    this.message = h('p.muted', { role: 'status' });
    this.canvas = h('canvas', { tabindex: '0', role: 'grid', 'aria-label': 'Load of experts by layer' });
    this.canvas.addEventListener('click', (event) => { const place = this.place(event); if (place) { this.expert = place.expert; app.set({ layer: place.layer }); this.draw(); this.describe(); } });
    this.canvas.addEventListener('pointermove', (event) => { const place = this.place(event); this.canvas.title = place ? `layer ${place.layer}, expert ${place.expert}: ${percent(this.layers[place.layer]?.load[place.expert] ?? 0)} of all choices` : ''; });
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    this.title = h('h2');
    this.legend = h('p.small.muted');
    this.bank = h('div.experts-bank');
    this.words = h('p.experts-words');
    this.words.addEventListener('click', (event) => { const span = event.target.closest('[data-index]'); if (span) { app.clock.pause(); app.set({ token: Number(span.dataset.index), step: null }); } });
    this.token = h('div.experts-token');
    this.parts = h('div.experts-parts', { hidden: true },
      h('section', h('h3', 'How often each ', term('expert'), ' is taken, layer by layer ', kind('derived')), h('div.scroll', this.canvas), this.legend),
      h('section', this.bankTitle = h('h3'), this.bank),
      h('section', this.title, this.words), h('section', this.token));
    element.append(h('div.page.experts', this.message, this.parts));
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(element);
    this.soon = throttled(() => this.refresh(), 900);
  }

  start() { return this.refresh(); }

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
      if (this.parts.hidden) { await this.offer(); return; }
      this.message.textContent = held(info);
      for (const layer of info.layers.keys()) {
        if (!info.layers[layer].experts) continue;
        this.layers[layer] = await this.recording.json('experts', { layer, at: info.positions });
        if (this.closed) return;
        this.draw();
        if (layer === this.layer) this.describe();
      }
    } catch (error) { if (!isOver(error)) this.message.textContent = error.message; }
  }

  /** What to do where the model has no experts. */
  async offer() {
    const { app } = this;
    const { models } = await app.api.json('/api/models').catch(() => ({ models: [] }));
    const known = models.filter((model) => !model.problem && /moe|mixtral|deepseek|gpt-oss|llama4|qwen3next/i.test(model.family ?? '')).map((model) => model.name);
    if (this.closed) return;
    this.message.replaceChildren(
      'This model is no mixture: every token takes the same networks. ',
      known.length ? `With experts are on this machine: ${known.slice(0, 6).join(', ')}${known.length > 6 ? ` and ${known.length - 6} more` : ''}.` : 'Load a mixture, such as Mixtral, OLMoE or a Qwen of that kind, to see its experts chosen.',
      h('br'), h('button.next', { style: { 'margin-top': '16px' }, onclick: () => app.chooseModel(app) }, icon('experts'), 'Choose a model'));
  }

  sizes() {
    const count = Math.max(...this.info.layers.map((layer) => layer.experts ?? 0));
    const wide = Math.max(5, Math.min(56, Math.floor((this.parts.clientWidth - 40) / count) - 1));
    return { count, wide, tall: Math.max(8, Math.min(24, wide)) };
  }

  draw() {
    if (!this.info || this.parts.hidden) return;
    const { count, wide, tall } = this.sizes();
    const brush = brushOf(this.canvas, 40 + count * (wide + 1), this.info.layers.length * (tall + 2) + 4 + head);
    const { theme } = this.app;
    brush.font = `11px ${getComputedStyle(this.canvas).fontFamily}`;
    brush.textBaseline = 'middle';
    brush.fillStyle = theme.color('muted');
    for (let expert = 0; expert < count; expert += wide < 22 ? 8 : 1) brush.fillText(String(expert), 40 + expert * (wide + 1) + 2, head / 2);
    this.info.layers.forEach((layer, index) => {
      const top = index * (tall + 2) + 2 + head;
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

  /** Arrows go from expert to expert and from layer to layer. */
  key(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!by || event.shiftKey || this.parts.hidden || this.expert === null) return;
    event.preventDefault();
    const layer = this.layer + by[1];
    if (by[1] && this.info.layers[layer]?.experts) this.app.set({ layer });
    this.expert = Math.max(0, Math.min((this.info.layers[this.layer].experts ?? 1) - 1, this.expert + by[0]));
    this.draw();
    this.describe();
  }

  place(event) {
    if (!this.info) return null;
    const { wide, tall } = this.sizes();
    const box = this.canvas.getBoundingClientRect();
    const layer = Math.floor((event.clientY - box.top - 2 - head) / (tall + 2));
    const expert = Math.floor((event.clientX - box.left - 40) / (wide + 1));
    return layer >= 0 && expert >= 0 && expert < (this.info.layers[layer]?.experts ?? 0) ? { layer, expert } : null;
  }

  /** Every expert of the layer with its load and the tokens that gave it most weight. */
  describeBank(found) {
    const { tokens } = this.app.text;
    const bank = found.load.map((load, expert) => ({ expert, load, served: new Map() }));
    found.choice.forEach((chosen, row) => chosen.forEach((expert, place) => {
      if (row + found.positions[0] >= tokens.length) return;
      const name = label(tokens[row + found.positions[0]]);
      const entry = bank[expert].served.get(name) ?? { weight: 0, times: 0 };
      entry.weight += found.weights[row][place];
      entry.times += 1;
      bank[expert].served.set(name, entry);
    }));
    bank.sort((a, b) => b.load - a.load);
    this.bankTitle.replaceChildren(`Layer ${this.layer}: each expert, and the tokens of this text that gave it most weight `, kind('derived'));
    this.bank.replaceChildren(...bank.slice(0, 64).map(({ expert, load, served }) => h('button.plain', { 'aria-pressed': String(expert === this.expert), onclick: () => { this.expert = expert; this.draw(); this.describe(); } },
      h('span', `expert ${expert}`), h('span.number', percent(load)),
      h('span.served', [...served].sort((a, b) => b[1].weight - a[1].weight).slice(0, 10).map(([name, { times }]) => h('span', times > 1 ? `${name} ×${times}` : name)), served.size ? null : 'none'))));
  }

  /** The text shaded by how much of each token the selected expert takes, and the selected token's experts. */
  describe() {
    if (!this.info || this.parts.hidden) return;
    const found = this.layers[this.layer];
    if (!found) return;
    const { tokens } = this.app.text;
    if (this.expert === null || this.expert >= found.experts) this.expert = found.load.indexOf(Math.max(...found.load));
    const { expert } = this;
    const [least, most] = [Math.min(...found.load), Math.max(...found.load)];
    this.legend.textContent = `In layer ${this.layer} the busiest expert has ${percent(most)} of all choices, the idlest ${percent(least)}; alike would be ${percent(1 / found.experts)}. The brightest of each row is its busiest; each token takes ${found.used}.`;
    this.describeBank(found);
    this.title.textContent = `Layer ${this.layer}, expert ${expert}: what it serves`;
    const first = Math.max(0, found.choice.length - 600);
    const spans = [];
    for (let row = first; row < Math.min(found.choice.length, tokens.length - found.positions[0]); row += 1) {
      const place = found.choice[row].indexOf(expert);
      const index = row + found.positions[0];
      const weight = place < 0 ? 0 : found.weights[row][place];
      spans.push(h('span', { 'data-index': index, class: index === this.app.current() ? 'here' : undefined, title: place < 0 ? 'not taken' : `weight ${percent(weight)}`, style: { '--weight': `${Math.round(Math.sqrt(Math.min(1, weight)) * 100)}%` } }, tokens[index]?.text ?? label(tokens[index])));
    }
    this.words.replaceChildren(...spans);
    const row = Math.max(0, Math.min(found.choice.length - 1, this.app.current() - found.positions[0]));
    const largest = Math.max(...found.weights[row], 1e-9);
    this.token.replaceChildren(h('h3', 'The experts that “', label(tokens[row + found.positions[0]]), `” takes in layer ${this.layer} `, kind('value')),
      h('div.experts-bars', found.choice[row].map((chosen, place) => h('button.plain', { onclick: () => { this.expert = chosen; this.draw(); this.describe(); } },
        h('span', `expert ${chosen}`), h('i', { style: { width: `${found.weights[row][place] / largest * 100}%` } }), h('span.number', percent(found.weights[row][place]))))));
  }
}
