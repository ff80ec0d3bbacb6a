// The grid: layers upwards, positions across; each cell the likeliest token there, shaded by its probability.

import { h } from '../components/dom.js';
import { label, number, percent } from '../components/format.js';
import { kind } from '../components/inspector.js';
import { sequential } from '../components/theme.js';
import { isOver } from './recording.js';

const narrowest = 74;

export class LensGrid {
  constructor(app, recording) {
    Object.assign(this, { app, recording, cells: [], readings: new Map() });
    this.table = h('div.lens-grid', { role: 'grid', 'aria-label': 'Logit lens: layers by positions' });
    this.mode = 'token';
    this.modes = [['token', 'likeliest token'], ['rank', 'rank of what was chosen'], ['entropy', 'entropy']].map(([mode, words]) =>
      h('button', { 'aria-pressed': String(mode === this.mode), onclick: () => this.choose(mode) }, words));
    this.legend = h('span.legend', h('span', '0 %'), h('i'), h('span', '100 %'), h('small', 'probability'));
    this.element = h('div', h('div.line', h('span.choices', this.modes), this.legend), this.table);
    this.watch = new ResizeObserver(() => { if (this.info) this.show(this.info, this.position); });
    this.watch.observe(this.element);
  }

  close() { this.closed = true; this.watch.disconnect(); this.control?.abort(); }

  take(recording) { this.recording = recording; this.readings.clear(); this.control?.abort(); this.key = null; }

  choose(mode) {
    this.mode = mode;
    this.modes.forEach((button, index) => button.setAttribute('aria-pressed', String(['token', 'rank', 'entropy'][index] === mode)));
    this.paint();
  }

  get depths() { return this.info.layers.length + 1; }

  /** The window of positions that fits, the selected one in it. */
  window() {
    const room = Math.max(2, Math.floor((this.element.clientWidth - 44) / narrowest));
    const count = Math.min(room, this.info.positions, 24);
    const first = Math.max(0, Math.min(this.info.positions - count, this.position - Math.ceil(count * 0.65)));
    return { first, count };
  }

  show(info, position) {
    this.info = info;
    this.position = position;
    const { first, count } = this.window();
    const key = `${info.session} ${first} ${count} ${this.depths}`;
    if (key !== this.key) { this.key = key; this.build(first, count); }
    this.paint();
    this.read(first, count);
  }

  build(first, count) {
    this.first = first;
    this.cells = [];
    const { tokens } = this.app.text;
    const rows = [];
    for (let depth = this.depths - 1; depth >= 0; depth -= 1) {
      const row = [];
      for (let index = 0; index < count; index += 1) {
        const cell = h('button.plain.lens-cell', { role: 'gridcell', onclick: () => this.pick(depth, first + index) });
        row.push(cell);
      }
      this.cells[depth] = row;
      rows.push(h('span.lens-depth', depth === 0 ? 'in' : `L${depth - 1}`), ...row);
    }
    rows.push(h('span.lens-depth', ''));
    for (let index = 0; index < count; index += 1) {
      rows.push(h('button.plain.lens-token', { onclick: () => this.app.set({ token: first + index, step: null }), title: `token ${first + index}` }, label(tokens[first + index])));
    }
    this.table.style.setProperty('--columns', count);
    this.table.replaceChildren(...rows);
  }

  pick(depth, position) {
    this.app.clock.pause();
    this.picked = { depth, position };
    this.app.set({ token: position, layer: Math.max(0, depth - 1), step: null });
    this.paint();
  }

  id(depth, position) { return `${depth} ${position}`; }

  /** Reads what is in view, the last layers first; the last position again where a token now follows it. */
  async read(first, count) {
    this.control?.abort();
    const control = (this.control = new AbortController());
    const { positions } = this.info;
    const { recording } = this;
    try {
      for (let depth = this.depths - 1; depth >= 0; depth -= 1) {
        const wanted = [];
        for (let position = first; position < first + count; position += 1) {
          const known = this.readings.get(this.id(depth, position));
          if (!known || (known.wasLast && position < positions - 1)) wanted.push(position);
        }
        if (!wanted.length) continue;
        const from = wanted[0];
        const end = wanted[wanted.length - 1] + 1;
        const { readings } = await recording.ask('json', recording.path('lens', { depths: `${depth}-${depth + 1}`, positions: `${from}-${end}`, top: 5 }), control.signal);
        if (control.signal.aborted || this.closed || recording !== this.recording) return;
        readings[0].forEach((reading, index) => this.readings.set(this.id(depth, from + index), { ...reading, wasLast: from + index === positions - 1 }));
        this.paint();
      }
    } catch (error) { if (!isOver(error)) this.app.toast(error.message); }
  }

  paint() {
    if (!this.info) return;
    const { text, state } = this.app;
    this.cells.forEach((row, depth) => row.forEach((cell, index) => {
      const position = this.first + index;
      const reading = this.readings.get(this.id(depth, position));
      const isHere = position === this.position;
      cell.classList.toggle('column', isHere);
      cell.classList.toggle('here', isHere && depth === (state.layer ?? -2) + 1);
      if (!reading) { cell.textContent = ''; cell.style.removeProperty('background'); cell.title = 'not read yet'; return; }
      const best = reading.top[0];
      const strength = this.mode === 'token' ? best.probability : this.mode === 'rank' ? 1 / (1 + Math.log2(1 + reading.rank)) : Math.max(0, 1 - reading.entropy / Math.log(this.info.vocabulary));
      cell.textContent = this.mode === 'token' ? label(best) : this.mode === 'rank' ? String(reading.rank + 1) : (reading.entropy / Math.LN2).toFixed(2);
      cell.classList.toggle('right', this.mode === 'token' && reading.rank === 0);
      cell.classList.toggle('strong', strength > 0.55);
      cell.style.background = sequential(strength * 0.9);
      cell.title = `${label(best)} ${percent(best.probability)}, rank of what was chosen: ${reading.rank + 1}`;
    }));
    this.legend.hidden = this.mode !== 'token';
    this.describe(text);
  }

  /** The picked cell in the inspector; by default the last layer's at the selected position. */
  describe(text) {
    // On narrow screens the inspector covers the view, so it waits to be asked for.
    if (innerWidth <= 820 && !this.picked) return;
    const depth = this.app.state.layer === null || this.app.state.layer === undefined ? this.depths - 1 : Math.min(this.depths - 1, this.app.state.layer + 1);
    const reading = this.readings.get(this.id(depth, this.position));
    const next = text.tokens[this.position + 1];
    const where = depth === 0 ? 'before the first layer' : `after layer ${depth - 1}`;
    if (!reading) return this.app.inspector.show({ title: `Token ${this.position}`, subtitle: `${where}: not read yet`, key: 'lens' });
    this.app.inspector.show({
      title: label(reading.top[0]), key: `lens ${depth} ${this.position}`, kind: 'derived',
      subtitle: `likeliest after “${label(text.tokens[this.position])}” ${where}`,
      rows: [
        ['chosen in the end', next ? label(next) : 'the likeliest at the end'], ['its rank here', String(reading.rank + 1)],
        ['its probability here', percent(reading.probability)], ['entropy', `${number(reading.entropy / Math.LN2)} bits`],
      ],
      body: [
        h('h3', 'Likeliest tokens here ', kind('derived')),
        h('ol.bars', reading.top.map((token) => h('li', h('button', { type: 'button', disabled: true, style: { opacity: 1 } },
          h('span.bar', { style: { width: `${token.probability * 100}%` } }), h('span.label', label(token)), h('span.share.number', percent(token.probability)))))),
        h('p.small.muted', 'The model’s own final norm and head on the stream as it stands at this layer.'),
        this.ladder(),
      ],
    });
  }

  /** The rank of what was chosen, layer by layer: a staircase towards the answer. */
  ladder() {
    const ranks = [];
    for (let depth = 0; depth < this.depths; depth += 1) ranks.push(this.readings.get(this.id(depth, this.position))?.rank);
    if (ranks.some((rank) => rank === undefined)) return null;
    const most = Math.log2(this.info.vocabulary);
    const [width, height] = [300, 92];
    const x = (depth) => 6 + depth / (ranks.length - 1) * (width - 12);
    const y = (rank) => 8 + Math.log2(rank + 1) / most * (height - 16);
    return h('figure', h('h3', 'Rank of what was chosen, layer by layer ', kind('derived')),
      h('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': ranks.map((rank) => rank + 1).join(', '), style: { width: '100%' } },
        h('polyline', { points: ranks.map((rank, depth) => `${x(depth)},${y(rank)}`).join(' '), fill: 'none', stroke: 'var(--sequential)', 'stroke-width': 2 }),
        ranks.map((rank, depth) => h('circle', { cx: x(depth), cy: y(rank), r: rank === 0 ? 4 : 2.5, fill: rank === 0 ? 'var(--accent-fill)' : 'var(--sequential)' }))),
      h('small.muted', 'top: first; bottom: last of the vocabulary; logarithmic'));
  }
}
