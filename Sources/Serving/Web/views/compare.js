// Compare: two texts side by side, and where inside the model they part.

import { h } from '../components/dom.js';
import { label, number } from '../components/format.js';
import { kind } from '../components/inspector.js';
import { term } from '../components/tips.js';
import { Recording, brushOf, isOver, throttled } from './recording.js';
import { diverging, sequential } from '../components/theme.js';
import { exportButton } from './export.js';

const ways = [['prompt', 'another prompt'], ['model', 'another model'], ['text', 'an earlier text']];

export default class Compare {
  constructor(element, app) {
    Object.assign(this, { app, recording: new Recording(app), way: 'prompt', measure: 'cosine' });
    this.form = h('form.compare-form', { onsubmit: (event) => { event.preventDefault(); this.begin(); } });
    this.message = h('p.muted', { role: 'status' });
    this.sentences = h('div.compare-texts');
    this.canvas = h('canvas', { 'aria-label': 'Likeness of the residual streams, layers by positions', role: 'img' });
    this.measures = [['cosine', 'angle'], ['distance', 'distance'], ['divergence', 'lens']].map(([name, words]) =>
      h('button', { 'aria-pressed': String(name === this.measure), onclick: () => this.choose(name) }, words));
    this.legend = h('span.compare-legend');
    this.headCanvas = h('canvas', { 'aria-label': 'Difference of attention by layer and head', role: 'img' });
    this.parts = h('div.compare-parts', { hidden: true }, this.sentences,
      h('section', h('div.line', h('h3', 'The ', term('residual'), ' streams, layer by layer'), h('span.choices', this.measures), this.legend), h('div.scroll', this.canvas)),
      h('section', h('div.line', h('h3', 'How differently each ', term('head'), ' looks'), this.headLegend = h('span.compare-legend'), kind('estimate')), h('div.scroll', this.headCanvas)), exportButton(app));
    element.append(h('div.page.compare', h('h2', 'What differs, and where'), this.form, this.message, this.parts));
    this.canvas.addEventListener('pointermove', (event) => this.point(event));
    this.canvas.addEventListener('click', (event) => { const place = this.place(event); if (place) { app.set({ token: place.position, layer: Math.max(0, place.depth - 1), step: null }); this.point(event); } });
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(element);
    this.soon = throttled(() => this.compare(), 1200);
  }

  unmount() { this.closed = true; this.writing?.abort(); this.soon.cancel(); this.watch.disconnect(); this.recording.close(); this.control?.abort(); }

  update(change) {
    if (change.text === 'session') { this.start(); return; }
    if ((change.text === 'token' || change.text === 'end') && this.app.state.other) this.soon();
    if ('token' in change || 'layer' in change || 'theme' in change) this.draw();
  }

  async start() {
    await this.build();
    const { state, text } = this.app;
    if (!text.session) { this.message.textContent = 'No text yet: write a beginning above, and run it.'; return; }
    if (state.other && state.other !== text.session) this.compare();
    else this.message.textContent = 'Change a word of the prompt, or choose another model or text: both are shown side by side, and where their insides part.';
  }

  async build() {
    const { app } = this;
    this.choices = ways.map(([way, words]) => h('button', { type: 'button', 'aria-pressed': String(way === this.way), onclick: () => { this.way = way; this.build(); } }, words));
    this.input = this.way === 'prompt'
      ? h('input', { type: 'text', 'aria-label': 'Another prompt', placeholder: 'The same words, one changed', value: this.prompt ?? this.words(app.text.tokens.slice(0, app.text.promptCount)) })
      : h('select', { 'aria-label': this.way === 'model' ? 'Another model' : 'An earlier text' });
    this.form.replaceChildren(h('div.choices', h('span.muted', 'Compare with'), this.choices), h('div.compare-input', this.input, h('button.primary', { type: 'submit' }, 'Compare')));
    if (this.way === 'prompt') return;
    try {
      const options = this.way === 'model'
        ? (await app.api.json('/api/models')).models.filter((model) => !model.problem && model.name !== app.model.id).map((model) => [model.name, model.name])
        : (await app.api.json('/api/sessions')).sessions.filter((session) => session.id !== app.text.session && session.model === app.model.id).map((session) => [session.id, `${session.id}: ${session.preview || '…'}`]);
      this.input.replaceChildren(...options.map(([value, words]) => h('option', { value }, words)));
      if (!options.length) this.message.textContent = this.way === 'model' ? 'No other model is on this machine.' : 'There is no other text of this model yet.';
    } catch (error) { this.message.textContent = error.message; }
  }

  words(tokens) { return tokens.filter((token) => !token.isControl).map((token) => token.text ?? '').join(''); }

  async begin() {
    const { app } = this;
    if (!app.text.session) return;
    const value = this.input.value;
    if (!value) return;
    this.gaps = [];
    this.writing?.abort();
    if (this.way === 'prompt') this.prompt = value;
    this.message.textContent = this.way === 'model' ? `Loading ${value} and reading the text…` : 'Reading…';
    try {
      const other = this.way === 'text' ? value
        : (await app.api.json('/api/compare/begin', { session: app.text.session, [this.way]: value })).session;
      app.set({ other });
      await this.compare();
      if (this.way === 'prompt') await this.writeOn(other);
    } catch (error) { if (!isOver(error)) this.message.textContent = error.message; }
  }

  /** Goes on with the second prompt as the first one went on, with the same draws; compared while it is written. */
  async writeOn(session) {
    const { app } = this;
    const control = (this.writing = new AbortController());
    const maxTokens = Math.max(1, Math.min(96, app.text.tokens.length - app.text.promptCount));
    await app.api.stream('/api/generate', { ...app.sampling, session, maxTokens, seed: app.state.seed ?? 1 }, (name, data) => {
      if (name === 'session') app.set({ other: data.id });
      else if (name === 'token') this.soon();
    }, control.signal);
    if (!this.closed && this.writing === control) await this.compare();
  }

  async compare() {
    const { app } = this;
    const { other } = app.state;
    if (!other || !app.text.session) return;
    this.control?.abort();
    const control = (this.control = new AbortController());
    const fields = { other, at: app.text.tokens.length };
    try {
      const [session, found] = await Promise.all([
        app.api.json(`/api/sessions/${encodeURIComponent(other)}`, undefined, control.signal),
        this.recording.ask('json', this.recording.path('compare', fields), control.signal),
      ]);
      if (this.closed || control.signal.aborted) return;
      Object.assign(this, { other: session, found, divergence: null, gaps: this.gaps ?? [] });
      this.message.textContent = found.parting === null || found.parting === undefined
        ? 'The tokens are the same as far as both go.' : `The tokens part at position ${found.parting}: “${label(app.text.tokens[found.parting])}” here, “${label(session.tokens[found.parting])}” there.`;
      this.parts.hidden = false;
      this.showTexts();
      this.draw();
      await this.readHeads(fields, control.signal);
      if (this.measure === 'divergence') await this.readDivergence(fields, control.signal);
    } catch (error) { if (!isOver(error)) this.message.textContent = error.message; }
  }

  async readHeads(fields, signal) {
    const info = await this.recording.describe();
    this.info = info;
    for (let layer = 0; layer < info.layers.length; layer += 1) {
      if (!info.layers[layer].heads) continue;
      const { gaps } = await this.recording.ask('json', this.recording.path('compare/heads', { ...fields, layer }), signal);
      if (signal.aborted || this.closed) return;
      this.gaps[layer] = gaps;
      this.drawHeads();
    }
  }

  async readDivergence(fields, signal) {
    const [first, end] = this.found.positions;
    const from = Math.max(first, end - 32);
    const depths = this.found.cosine.length;
    this.divergence = { first: from, rows: [] };
    for (let depth = depths - 1; depth >= 0; depth -= 1) {
      const { divergence } = await this.recording.ask('json', this.recording.path('compare/divergence', { ...fields, depths: `${depth}-${depth + 1}`, positions: `${from}-${end}` }), signal);
      if (signal.aborted || this.closed) return;
      this.divergence.rows[depth] = divergence[0];
      this.draw();
    }
  }

  choose(name) {
    this.measure = name;
    this.measures.forEach((button, index) => button.setAttribute('aria-pressed', String(['cosine', 'distance', 'divergence'][index] === name)));
    this.draw();
    if (name === 'divergence' && !this.divergence && this.found) {
      this.readDivergence({ other: this.app.state.other, at: this.app.text.tokens.length }, this.control.signal).catch((error) => { if (!isOver(error)) this.message.textContent = error.message; });
    }
  }

  showTexts() {
    const { found } = this;
    const sentence = (name, tokens) => h('div', h('h3', name), h('p.compare-words', tokens.slice(0, 600).map((token, index) => h('span', {
      class: found.parting !== null && index >= found.parting ? 'parted' : undefined,
      onclick: () => this.app.set({ token: index, step: null }),
    }, token.text ?? label(token)))));
    this.sentences.replaceChildren(sentence('This text', this.app.text.tokens), sentence('The other', this.other.tokens));
  }

  /** The value of a cell, and its share of the scale. */
  value(depth, index) {
    if (this.measure === 'divergence') {
      const value = this.divergence?.rows[depth]?.[index + this.found.positions[0] - this.divergence.first];
      return value === undefined ? null : { value, share: Math.min(1, Math.log1p(value) / Math.log1p(8)) };
    }
    const value = this.found[this.measure][depth][index];
    return { value, share: this.measure === 'cosine' ? Math.min(1, Math.acos(Math.max(-1, Math.min(1, value))) / (Math.PI / 2)) : Math.min(1, value) };
  }

  draw() {
    const { found } = this;
    if (!found || this.parts.hidden) return;
    const depths = found.cosine.length;
    const count = found.positions[1] - found.positions[0];
    const room = this.parts.clientWidth - 40;
    this.cell = Math.max(4, Math.min(64, room / Math.max(1, count)));
    // Room for both tokens under each column where the columns are wide enough.
    const isNamed = this.cell >= 30;
    const tall = Math.max(8, Math.min(22, 420 / depths));
    const brush = brushOf(this.canvas, 40 + this.cell * count, tall * depths + (isNamed ? 40 : 26));
    const { theme } = this.app;
    this.tall = tall;
    brush.font = `11px ${getComputedStyle(this.canvas).fontFamily}`;
    brush.textBaseline = 'middle';
    for (let depth = 0; depth < depths; depth += 1) {
      const top = (depths - 1 - depth) * tall;
      if (tall >= 12 || depth % 2 === 0) { brush.fillStyle = theme.color('muted'); brush.fillText(depth ? `L${depth - 1}` : 'in', 2, top + tall / 2); }
      for (let index = 0; index < count; index += 1) {
        const cell = this.value(depth, index);
        brush.fillStyle = cell ? (this.measure === 'divergence' ? sequential(cell.share) : diverging(cell.share, 1)) : theme.color('sunken');
        brush.fillRect(40 + index * this.cell, top, this.cell - (this.cell > 7 ? 1 : 0), tall - 1);
      }
    }
    const current = this.app.current() - found.positions[0];
    if (current >= 0 && current < count) {
      brush.strokeStyle = theme.color('accent-fill');
      brush.strokeRect(40 + current * this.cell - 0.5, 0.5, this.cell, depths * tall - 1);
      brush.fillStyle = theme.color('accent');
      if (!isNamed) brush.fillText(label(this.app.text.tokens[this.app.current()]), Math.min(40 + current * this.cell, 40 + count * this.cell - 60), depths * tall + 12);
    }
    if (isNamed) this.drawNames(brush, depths * tall, count, current);
    const ends = { cosine: ['same direction', 'at right angles'], distance: ['0', 'as far as it is long'], divergence: ['0', '8 nats'] }[this.measure];
    this.legend.replaceChildren(h('small', ends[0]), h('i', { class: this.measure === 'divergence' ? 'sequence' : undefined }), h('small', ends[1]), kind('derived'));
  }

  /** Both texts' tokens under their columns; the second one's only where it is another. */
  drawNames(brush, top, count, current) {
    const { theme, text } = this.app;
    for (let index = 0; index < count; index += 1) {
      const position = index + this.found.positions[0];
      const [one, two] = [text.tokens[position], this.other.tokens[position]];
      const lines = one?.id === two?.id ? [[one, index === current ? 'accent' : 'muted']] : [[one, index === current ? 'accent' : 'text'], [two, 'positive']];
      lines.forEach(([token, color], line) => {
        let words = label(token);
        while (words.length > 1 && brush.measureText(words).width > this.cell - 4) words = `${words.slice(0, words.endsWith('…') ? -2 : -1)}…`;
        brush.fillStyle = theme.color(color);
        brush.fillText(words, 40 + index * this.cell + 1, top + 12 + line * 16);
      });
    }
  }

  drawHeads() {
    const heads = Math.max(1, ...this.info.layers.map((layer) => layer.heads ?? 0));
    const size = Math.max(8, Math.min(24, Math.floor((this.parts.clientWidth - 40) / heads) - 2));
    const brush = brushOf(this.headCanvas, 40 + heads * (size + 2), this.info.layers.length * (size + 2));
    const { theme } = this.app;
    brush.font = `11px ${getComputedStyle(this.headCanvas).fontFamily}`;
    brush.textBaseline = 'middle';
    const most = Math.max(1e-6, ...this.gaps.flat().filter((gap) => gap !== undefined));
    this.headLegend.replaceChildren(h('small', '0'), h('i.sequence'), h('small', `${number(most)}; 1 would be nothing in common`));
    this.info.layers.forEach((layer, index) => {
      brush.fillStyle = theme.color('muted');
      if (size > 11 || index % 2 === 0) brush.fillText(`L${index}`, 2, index * (size + 2) + size / 2);
      for (let head = 0; head < (layer.heads ?? 0); head += 1) {
        const gap = this.gaps[index]?.[head];
        brush.fillStyle = gap === undefined ? theme.color('sunken') : sequential(0.08 + 0.92 * gap / most);
        brush.fillRect(40 + head * (size + 2), index * (size + 2), size, size);
      }
    });
    this.headCanvas.onclick = (event) => {
      const box = this.headCanvas.getBoundingClientRect();
      const [layer, head] = [Math.floor((event.clientY - box.top) / (size + 2)), Math.floor((event.clientX - box.left - 40) / (size + 2))];
      if (this.gaps[layer]?.[head] !== undefined) this.app.set({ view: 'attention', layer, head });
    };
    this.headCanvas.onpointermove = (event) => {
      const box = this.headCanvas.getBoundingClientRect();
      const [layer, head] = [Math.floor((event.clientY - box.top) / (size + 2)), Math.floor((event.clientX - box.left - 40) / (size + 2))];
      const gap = this.gaps[layer]?.[head];
      this.headCanvas.title = gap === undefined ? '' : `head ${layer}.${head}: ${number(gap)} of 1`;
    };
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const index = Math.floor((event.clientX - box.left - 40) / this.cell);
    const depth = this.found.cosine.length - 1 - Math.floor((event.clientY - box.top) / this.tall);
    if (index < 0 || depth < 0 || depth >= this.found.cosine.length || index >= this.found.positions[1] - this.found.positions[0]) return null;
    return { index, depth, position: index + this.found.positions[0] };
  }

  point(event) {
    if (!this.found) return;
    const place = this.place(event);
    if (!place) return;
    const cell = this.value(place.depth, place.index);
    this.app.inspector.show({
      title: label(this.app.text.tokens[place.position]), key: 'compare', kind: 'derived',
      subtitle: `${place.depth ? `after layer ${place.depth - 1}` : 'before the first layer'}, position ${place.position}`,
      rows: [
        ['first token', label(this.app.text.tokens[place.position])], ['second token', label(this.other.tokens[place.position])],
        ['cosine', number(this.found.cosine[place.depth][place.index])], ['relative distance', number(this.found.distance[place.depth][place.index])],
        ...(this.measure === 'divergence' && cell ? [['divergence of the lens', `${number(cell.value)} nats`]] : []),
      ],
    });
  }
}
