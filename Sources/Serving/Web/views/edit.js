// Edit: silence, strengthen, steer or transplant, and see what becomes of the text beside the unedited one.

import { h } from '../components/dom.js';
import { label, number } from '../components/format.js';
import { Recording, brushOf, isOver, throttled } from './recording.js';
import { kind } from '../components/inspector.js';
import { term } from '../components/tips.js';
import { editForm } from './edit-form.js';

const gap = 3;

export default class Edit {
  constructor(element, app) {
    Object.assign(this, { app, recording: new Recording(app), edits: [], maxTokens: 40 });
    this.canvas = h('canvas', { tabindex: '0', 'aria-label': 'Heads, attention and networks by layer; click to silence', role: 'grid' });
    this.canvas.addEventListener('click', (event) => this.toggle(this.place(event)));
    this.canvas.addEventListener('pointermove', (event) => this.point(this.place(event)));
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    this.canvas.addEventListener('blur', () => { this.cursor = null; this.draw(); });
    this.list = h('ul.edit-list');
    this.forms = h('div.edit-forms');
    this.message = h('p.muted', { role: 'status' });
    this.plain = h('p.edit-words');
    this.edited = h('p.edit-words');
    this.results = h('div.edit-results', { hidden: true }, h('div', h('h3', 'Unedited, after the prompt'), this.plain), h('div', h('h3', 'Edited, after the prompt'), this.edited));
    this.verdict = h('div.edit-verdict');
    this.button = h('button.primary', { onclick: () => this.run() }, 'Write with these edits');
    this.parts = h('div.edit-parts', { hidden: true },
      h('section', h('h3', 'Click a ', term('head'), ', an attention (A) or a network (N) to silence it'), h('div.scroll', this.canvas), this.scale = h('p.small.muted')),
      h('section', this.forms), h('section', this.list, h('div.line', this.button, this.message)), this.results, this.verdict);
    this.empty = h('p.muted', 'No text yet: write a beginning above, and run it.');
    element.append(h('div.page.edit', h('h2', 'Change the model, watch the text'), this.empty, this.parts));
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(element);
    this.soon = throttled(() => this.paintTexts(), 60);
  }

  unmount() { this.closed = true; this.watch.disconnect(); this.soon.cancel(); this.recording.close(); this.control?.abort(); }

  update(change) {
    if (change.text === 'session' || (change.text === 'end' && !this.info)) this.start();
    if ('theme' in change) this.draw();
  }

  async start() {
    try {
      this.info = await this.recording.describe();
    } catch (error) { if (!isOver(error)) this.empty.textContent = error.message; return; }
    if (this.closed) return;
    this.empty.hidden = Boolean(this.info);
    this.parts.hidden = !this.info;
    if (!this.info) return;
    this.forms.replaceChildren(...editForm(this.app, this.info, (edit) => this.add(edit)));
    this.draw();
    this.showList();
    this.weigh().catch((error) => { if (!isOver(error)) this.scale.textContent = ''; });
  }

  /** How much each head and network adds to the logit of the first token after the prompt: what silencing would take away. */
  async weigh() {
    const { text } = this.app;
    const position = Math.max(0, text.promptCount - 1);
    const found = await this.recording.json('contributions', { position });
    if (this.closed) return;
    this.shares = new Map();
    for (const { layer, head, kind, value } of found.parts) {
      if (layer === null) continue;
      const names = kind === 'head' ? [`head ${layer} ${head}`, `attention ${layer}`] : kind === 'feedForward' ? [`network ${layer}`] : [];
      for (const name of names) this.shares.set(name, (this.shares.get(name) ?? 0) + value);
    }
    this.most = Math.max(1e-9, ...[...this.shares.values()].map(Math.abs));
    this.scale.replaceChildren(`Coloured by what each adds to the logit of “${label(found.token)}”, the token after the prompt: blue −${number(this.most)} to orange ${number(this.most)}, square-root scale. `, kind('derived'));
    this.draw();
  }

  add(edit) {
    this.edits = this.edits.filter((known) => name(known) !== name(edit));
    this.edits.push(edit);
    this.showList();
    this.draw();
  }

  remove(edit) { this.edits = this.edits.filter((known) => known !== edit); this.showList(); this.draw(); }

  find(edit) { return this.edits.find((known) => name(known) === name(edit)); }

  showList() {
    this.button.disabled = !this.edits.length || Boolean(this.control);
    this.message.textContent = this.edits.length ? '' : 'No edits yet: click a cell above, or add one of the others.';
    this.list.replaceChildren(...this.edits.map((edit) => {
      const by = edit.kind === 'steering' ? 'strength' : 'by';
      const words = () => (edit.kind !== 'steering' && edit[by] === 0 ? 'silent' : `× ${number(edit[by] ?? 0)}`);
      const shown = h('output', words());
      return h('li', h('span', title(edit)),
        edit.kind === 'patch' ? h('span') : h('input', {
          type: 'range', min: edit.kind === 'steering' ? -8 : -1, max: edit.kind === 'steering' ? 8 : 3, step: 0.1, value: edit[by], 'aria-label': title(edit),
          oninput: (event) => { edit[by] = Number(event.target.value); shown.textContent = words(); this.draw(); },
        }),
        edit.kind === 'patch' ? h('span') : shown,
        h('button', { onclick: () => this.remove(edit) }, 'Remove'));
    }));
  }

  // The grid of what can be silenced with a click.

  get heads() { return Math.max(0, ...this.info.layers.map((layer) => layer.heads ?? 0)); }

  get size() { return Math.max(9, Math.min(26, Math.floor((this.parts.clientWidth - 36) / (this.heads + 3)) - gap)); }

  draw() {
    if (!this.info || this.parts.hidden) return;
    const { size, heads } = this;
    const step = size + gap;
    const brush = brushOf(this.canvas, 36 + (heads + 3) * step, 18 + this.info.layers.length * step);
    const { theme } = this.app;
    brush.font = `11px ${getComputedStyle(this.canvas).fontFamily}`;
    brush.textBaseline = 'middle';
    brush.fillStyle = theme.color('muted');
    for (let head = 0; head < heads; head += step < 20 ? 4 : 1) brush.fillText(String(head), 36 + head * step + 2, 8);
    brush.fillText('A', 36 + (heads + 1) * step - size / 2, 8);
    brush.fillText('N', 36 + (heads + 2) * step - size / 2, 8);
    if (this.cursor) {
      const [column, layer] = this.cursor;
      brush.strokeStyle = theme.color('text');
      brush.lineWidth = 1.5;
      brush.strokeRect(36 + (column + (column >= heads ? 0.5 : 0)) * step - 2, 18 + layer * step - 2, size + 4, size + 4);
    }
    this.info.layers.forEach((layer, index) => {
      const top = 18 + index * step;
      brush.fillStyle = theme.color('muted');
      if (size > 11 || index % 2 === 0) brush.fillText(`L${index}`, 2, top + size / 2);
      for (let head = 0; head < (layer.heads ?? 0); head += 1) this.cell(brush, 36 + head * step, top, this.find({ kind: 'head', layer: index, head }), `head ${index} ${head}`);
      if (layer.heads) this.cell(brush, 36 + (heads + 0.5) * step, top, this.find({ kind: 'layer', layer: index, part: 'attention' }), `attention ${index}`);
      this.cell(brush, 36 + (heads + 1.5) * step, top, this.find({ kind: 'layer', layer: index, part: 'network' }), `network ${index}`);
    });
  }

  /** Arrows go from cell to cell, Enter or space silences. */
  key(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], Enter: [0, 0], ' ': [0, 0] }[event.key];
    if (!by || event.shiftKey || !this.info) return;
    event.preventDefault();
    const last = this.heads + 1;
    const [column, layer] = this.cursor ?? [0, 0];
    if (event.key === 'Enter' || event.key === ' ') { this.toggle(this.at(layer, column)); return; }
    this.cursor = [Math.max(0, Math.min(last, column + by[0])), Math.max(0, Math.min(this.info.layers.length - 1, layer + by[1]))];
    const place = this.at(this.cursor[1], this.cursor[0]);
    this.point(place);
    this.canvas.setAttribute('aria-valuetext', place ? this.canvas.title : '');
    this.draw();
  }

  /** What stands in a column of a layer's row: its heads, then its attention and its network. */
  at(layer, column) {
    const count = this.info.layers[layer].heads ?? 0;
    if (column < this.heads) return column < count ? { kind: 'head', layer, head: column } : null;
    if (column > this.heads) return { kind: 'layer', layer, part: 'network' };
    return count ? { kind: 'layer', layer, part: 'attention' } : null;
  }

  cell(brush, left, top, edit, share) {
    const { size } = this;
    const { theme } = this.app;
    const by = edit ? edit.by : 1;
    brush.fillStyle = by === 0 ? theme.color('sunken') : theme.diverging(root(this.shares?.get(share) ?? 0), root(this.most ?? 1));
    brush.fillRect(left, top, size, size);
    if (!edit) return;
    brush.strokeStyle = theme.color('accent-fill');
    brush.lineWidth = 2;
    brush.strokeRect(left, top, size, size);
    if (by === 0) {
      brush.beginPath();
      brush.moveTo(left + 3, top + 3);
      brush.lineTo(left + size - 3, top + size - 3);
      brush.stroke();
    }
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const step = this.size + gap;
    const layer = Math.floor((event.clientY - box.top - 18) / step);
    const across = (event.clientX - box.left - 36) / step;
    if (layer < 0 || layer >= this.info.layers.length || across < 0) return null;
    const count = this.info.layers[layer].heads ?? 0;
    if (across < count) return { kind: 'head', layer, head: Math.floor(across) };
    if (across >= this.heads + 0.5 && across < this.heads + 1.5 && count) return { kind: 'layer', layer, part: 'attention' };
    if (across >= this.heads + 1.5 && across < this.heads + 2.5) return { kind: 'layer', layer, part: 'network' };
    return null;
  }

  point(place) {
    this.canvas.style.cursor = place ? 'pointer' : 'default';
    const share = place && this.shares?.get(place.kind === 'head' ? `head ${place.layer} ${place.head}` : `${place.part} ${place.layer}`);
    this.canvas.title = place ? `${title(place)}${share === undefined ? '' : `: adds ${number(share)}`}` : '';
  }

  toggle(place) {
    if (!place) return;
    const known = this.find(place);
    if (known) this.remove(known);
    else this.add({ ...place, by: 0 });
  }

  // The two texts.

  async run() {
    const { app } = this;
    this.control?.abort();
    const control = (this.control = new AbortController());
    this.texts = { plain: [], edited: [] };
    this.ids = {};
    this.results.hidden = false;
    this.verdict.replaceChildren();
    this.message.textContent = 'Writing both, always with the likeliest token…';
    this.button.disabled = true;
    const write = (which, edits) => app.api.stream('/api/edit', { session: app.text.session, edits, maxTokens: this.maxTokens, temperature: 0 }, (event, data) => {
      if (event === 'session') this.ids[which] = data.id;
      if (event === 'token') { this.texts[which].push(data); this.soon(); }
    }, control.signal);
    try {
      await write('edited', this.edits);
      await write('plain', []);
      this.paintTexts();
      this.message.textContent = '';
      await this.judge(control.signal);
    } catch (error) { if (!isOver(error)) this.message.textContent = error.message; }
    if (this.control === control) this.control = null;
    this.button.disabled = !this.edits.length;
  }

  paintTexts() {
    if (!this.texts || this.closed) return;
    const { plain, edited } = this.texts;
    const parting = edited.findIndex((token, index) => plain[index] && plain[index].id !== token.id);
    for (const [place, tokens] of [[this.plain, plain], [this.edited, edited]]) {
      place.replaceChildren(...tokens.map((token, index) => h('span', { class: parting >= 0 && index >= parting ? 'parted' : undefined }, token.text ?? label(token))));
    }
  }

  /** Compares the two automatically: the same prompt inside both. */
  async judge(signal) {
    const { app } = this;
    const query = new URLSearchParams({ session: this.ids.plain, other: this.ids.edited });
    const found = await app.api.json(`/api/compare?${query}`, undefined, signal);
    const last = (found.parting ?? found.positions[1]) - 1 - found.positions[0];
    const prompt = Math.max(0, Math.min(last, app.text.promptCount - 1 - found.positions[0]));
    const depths = found.cosine.length;
    const [width, height] = [420, 110];
    const x = (depth) => 30 + depth / (depths - 1) * (width - 40);
    const angle = (depth) => Math.acos(Math.max(-1, Math.min(1, found.cosine[depth][prompt]))) * 180 / Math.PI;
    const most = Math.max(1, ...found.cosine.map((_, depth) => angle(depth)));
    const y = (value) => height - 18 - value / most * (height - 30);
    const same = found.parting === null || found.parting === undefined;
    this.verdict.replaceChildren(
      h('p', same ? 'Both wrote the same tokens.' : `The texts part at token ${found.parting}.`),
      h('figure', h('h3', 'Angle between the two streams after the prompt, layer by layer ', kind('derived')),
        h('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `at most ${number(most)} degrees`, style: { width: 'min(100%, 520px)' } },
          h('polyline', { points: found.cosine.map((_, depth) => `${x(depth)},${y(angle(depth))}`).join(' '), fill: 'none', stroke: 'var(--positive)', 'stroke-width': 2 }),
          found.cosine.map((_, depth) => h('circle', { cx: x(depth), cy: y(angle(depth)), r: 2.5, fill: 'var(--positive)' })),
          h('text', { x: 0, y: 12, fill: 'var(--muted)', 'font-size': 11 }, `${number(most)}°`), h('text', { x: 0, y: height - 16, fill: 'var(--muted)', 'font-size': 11 }, '0°'))),
      h('button', { onclick: async () => { await app.open(this.ids.plain); app.set({ view: 'compare', other: this.ids.edited }); } }, 'Compare them inside'));
  }
}

function root(value) { return Math.sign(value) * Math.sqrt(Math.abs(value)); }

/** What an edit is of; two of the same name replace one another. */
function name({ kind, layer, head, part, expert, neuron, position }) { return [kind, layer, head, part, expert, neuron, position].join(' '); }

function title(edit) {
  switch (edit.kind) {
    case 'head': return `Head ${edit.layer}.${edit.head}`;
    case 'layer': return `Layer ${edit.layer} ${edit.part}`;
    case 'expert': return `Layer ${edit.layer} expert ${edit.expert}`;
    case 'neuron': return `Layer ${edit.layer} neuron ${edit.neuron}`;
    case 'steering': return `Steer before layer ${edit.layer}: “${edit.toward}” less “${edit.away}”`;
    default: return `Patch before layer ${edit.layer}, token ${edit.position}, from “${edit.prompt}”`;
  }
}
