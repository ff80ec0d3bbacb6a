// Attention as kernel smoothing: one head's answer is a mean of value vectors, and a kernel of query and key weighs it.

import { h } from '../components/dom.js';
import { label, number, percent } from '../components/format.js';
import { kind } from '../components/inspector.js';
import { diverging, sequential } from '../components/theme.js';
import { term } from '../components/tips.js';
import { Recording, brushOf, isOver } from './recording.js';

/** Value vectors that are drawn. */
const shown = 8;

export class Kernel {
  constructor(app) {
    Object.assign(this, { app, recording: new Recording(app), turn: 0 });
    this.layer = h('select', { 'aria-label': 'Layer', onchange: () => app.set({ layer: Number(this.layer.value), head: 0 }) });
    this.head = h('select', { 'aria-label': 'Head', onchange: () => app.set({ head: Number(this.head.value) }) });
    this.message = h('p.small.muted', { role: 'status' });
    this.plot = h('canvas', { role: 'img', 'aria-label': 'The kernel over the tokens before' });
    this.plot.addEventListener('click', (event) => { const place = this.place(event); if (place !== null) app.set({ token: place, step: null }); });
    this.plot.addEventListener('pointermove', (event) => { const place = this.place(event); this.plot.title = place === null ? '' : this.words(place); });
    this.under = h('p.small.muted');
    this.rows = h('div.kernel-rows');
    this.parts = h('div.kernel-parts', { hidden: true },
      h('div', h('h3', '1. The ', term('smoothing', 'kernel'), ': how near each key lies to the query, exp(q · k · scale) ', kind('derived')), this.plot, this.under),
      h('div', h('h3', '2. The weights, the kernel divided by its sum, and 3. the mean of the values ', kind('value')), this.rows));
    this.element = h('section.kernel', h('h2', 'Attention as smoothing'),
      h('p.small.muted', 'A ', term('head'), ' answers with a weighted mean of what earlier tokens offer, as a smoother of data does: near ones count much, far ones little. Near and far are measured between the query of this token and the keys of those before it.'),
      h('div.kernel-choice', h('label', h('span.small.muted', 'layer'), this.layer), h('label', h('span.small.muted', 'head'), this.head), this.message), this.parts);
  }

  close() { this.closed = true; this.recording.close(); }

  async show() {
    const mine = (this.turn += 1);
    const { app } = this;
    const say = (words) => { this.message.textContent = words; this.parts.hidden = true; };
    if (!app.text.session || !app.text.tokens.length) { say('No text yet: write a beginning above, and run it.'); return; }
    if (app.text.running) { say('As soon as the text stands.'); return; }
    try {
      const info = await this.recording.describe();
      if (mine !== this.turn || this.closed) return;
      const layers = info.layers.filter((layer) => layer.heads);
      if (!layers.length) { say('This model mixes tokens without attention.'); return; }
      const site = layers.find(({ layer }) => layer === app.state.layer) ?? layers[0];
      const head = Math.max(0, Math.min(app.state.head ?? 0, site.heads - 1));
      fill(this.layer, layers.map(({ layer }) => layer), site.layer);
      fill(this.head, Array.from({ length: site.heads }, (_, place) => place), head);
      const position = Math.max(0, Math.min(app.current(), info.positions - 1));
      const found = await this.recording.json('meaning/smoothing', { layer: site.layer, head, position, count: shown });
      if (mine !== this.turn || this.closed) return;
      this.found = found;
      this.message.replaceChildren('at ', h('b.token', label(app.text.tokens[position])), `, token ${position}; any other is a click away`);
      this.parts.hidden = false;
      this.draw();
    } catch (error) { if (mine === this.turn && !isOver(error)) say(error.message); }
  }

  draw() {
    if (!this.found || this.parts.hidden || this.closed) return;
    this.drawPlot();
    this.drawRows();
  }

  /** A bar for each token before, as high as its kernel. */
  drawPlot() {
    const { found } = this;
    const { theme, text } = this.app;
    const width = Math.max(200, this.parts.clientWidth);
    const [tall, foot] = [96, 20];
    const brush = brushOf(this.plot, width, tall + foot);
    const count = found.kernel.length;
    this.step = width / count;
    brush.font = `12px ${getComputedStyle(this.plot).fontFamily}`;
    let free = -Infinity;
    found.kernel.forEach((value, position) => {
      const left = position * this.step;
      const high = Math.max(1, value * tall);
      brush.fillStyle = sequential(0.35 + 0.65 * value);
      brush.fillRect(left, tall - high, Math.max(1, Math.min(48, this.step - (this.step > 4 ? 2 : 0))), high);
      const words = label(text.tokens[position]);
      const room = brush.measureText(words).width;
      if (left >= free && left + room <= width && (this.step > 24 || value > 0.3)) {
        brush.fillStyle = theme.color(position === found.position ? 'accent' : 'muted');
        brush.fillText(words, left, tall + 15);
        free = left + room + 8;
      }
    });
    const sum = found.kernel.reduce((total, value) => total + value, 0);
    const sink = found.sink > 0 ? `; a learnt sink takes ${percent(found.sink)} of the weight` : '';
    this.under.textContent = `Relative to the largest, so that the highest bar is 1; all ${count} together are ${number(sum)}, which is what the kernel is divided by${sink}.`;
  }

  /** The heaviest tokens, their values, and what these add up to. */
  drawRows() {
    const { found } = this;
    const { tokens } = this.app.text;
    const all = [found.average, found.output, ...found.values.map(({ value }) => value)].flat();
    const range = all.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
    const strip = (values, words) => ({ canvas: h('canvas', { role: 'img', 'aria-label': words }), values });
    const strips = [];
    const add = (values, words) => { strips.push(strip(values, words)); return strips.at(-1).canvas; };
    const rest = found.values.reduce((left, { position }) => left - found.weights[position], 1 - found.sink);
    const gap = found.output.reduce((most, value, place) => Math.max(most, Math.abs(value - found.average[place])), 0);
    const others = found.kernel.length - found.values.length;
    this.rows.replaceChildren(
      h('div.kernel-row.head', h('span', 'token'), h('span.number', 'q · k · scale'), h('span.number', 'kernel'), h('span.number', 'weight'), h('span', 'its value vector')),
      ...found.values.map(({ position, value }) => h('button.plain.kernel-row', { onclick: () => this.app.set({ token: position, step: null }) },
        h('span.token', label(tokens[position])), h('span.number', found.scores[position] === null ? 'hidden' : number(found.scores[position])),
        h('span.number', number(found.kernel[position])), h('span.number', percent(found.weights[position])), add(value, `Value of token ${position}`))),
      ...(others > 0 ? [h('p.small.muted', `and ${others} more with ${percent(Math.max(0, rest))} of the weight between them`)] : []),
      h('div.kernel-row.sum', h('span', 'weighted mean'), h('span.number', percent(found.covered)), add(found.average, 'The weighted mean')),
      h('div.kernel-row.sum', h('span', 'the head’s own output in the run'), h('span'), add(found.output, 'The output of the head in the run')),
      h('p.small.muted', `From −${number(range)} blue to ${number(range)} orange, ${found.width} numbers each. ${found.read < found.kernel.length ? `The mean is of the ${found.read} heaviest tokens. ` : ''}Mean and output differ by ${gap.toExponential(1)} at most: keys and values are kept as ${this.app.model.cacheFormat}.`));
    for (const { canvas, values } of strips) {
      const width = Math.max(60, canvas.clientWidth);
      const brush = brushOf(canvas, width, 16);
      values.forEach((value, place) => {
        brush.fillStyle = diverging(value, range);
        const left = Math.floor(place * width / values.length);
        brush.fillRect(left, 0, Math.floor((place + 1) * width / values.length) - left, 16);
      });
    }
  }

  words(position) {
    const { found } = this;
    return `${label(this.app.text.tokens[position])}: kernel ${number(found.kernel[position])}, weight ${percent(found.weights[position])}`;
  }

  place(event) {
    if (!this.found) return null;
    const place = Math.floor((event.clientX - this.plot.getBoundingClientRect().left) / this.step);
    return place >= 0 && place < this.found.kernel.length ? place : null;
  }
}

function fill(select, values, chosen) {
  if (select.length !== values.length || Number(select.options[0]?.value) !== values[0]) select.replaceChildren(...values.map((value) => h('option', { value: String(value) }, String(value))));
  select.value = String(chosen);
}
