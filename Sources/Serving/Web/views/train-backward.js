// One pass forward and one backward over a held-out text, a step at a time: each value, the loss, each gradient, and the
// formula of any cell with its actual numbers.

import { h, icon } from '../components/dom.js';
import { count, label, number } from '../components/format.js';
import { kind } from '../components/inspector.js';
import { Latest } from './train-course.js';
import { matrix } from './train-weights.js';

const phases = { forward: 'Forward', loss: 'The loss', backward: 'Backward' };

export class Backward {
  constructor(app, course) {
    Object.assign(this, { app, course, pass: null, place: 0, timer: null });
    this.open = h('button.primary', { 'data-backward': '', onclick: () => this.load() }, 'Step through one backward pass');
    this.intro = h('p.muted', 'The held-out text goes forward through the model; the loss says how wrong it is; then the blame goes back, block by block, to every weight.');
    this.error = h('p.wrong', { role: 'alert' });
    this.body = h('div.passing', { hidden: true });
    this.element = h('section.backward', h('h3', 'One backward pass ', kind('derived')), this.intro, h('p', this.open), this.error, this.body);
    this.cell = new Latest((step, node, place) => app.api.json(`/api/training/backward/cell?${course.query(step)}&node=${node}${place === null ? '' : `&place=${place}`}`), (found, error) => this.tell(found, error));
    this.values = new Latest((step, node) => app.api.binary(`/api/training/backward/values?${course.query(step)}&node=${node}`), (found, error) => { if (found) this.enlarge(found); else this.says.textContent = error.message; });
  }

  unmount() { clearInterval(this.timer); }

  draw() {
    const { snapshot } = this.course;
    this.element.hidden = snapshot === null;
    if (!this.pass) return;
    this.open.hidden = this.pass.step === snapshot;
    this.open.textContent = this.open.hidden ? '' : `Step through it with the weights of step ${count(snapshot)}`;
    if (this.themed !== document.documentElement.dataset.theme) this.paintAll();
  }

  async load() {
    this.error.textContent = '';
    this.open.disabled = true;
    clearInterval(this.timer);
    try {
      this.pass = await this.app.api.json(`/api/training/backward?${this.course.query(this.course.snapshot)}`);
      const isFirst = this.body.hidden;
      this.build();
      this.draw();
      if (isFirst) this.element.scrollIntoView({ block: 'start' });
    } catch (error) {
      this.error.textContent = error.message;
    } finally {
      this.open.disabled = false;
    }
  }

  build() {
    const { pass } = this;
    this.body.hidden = false;
    this.slider = h('input', { type: 'range', min: '0', max: String(pass.steps.length - 1), value: '0', 'aria-label': 'Step of the pass', oninput: () => { this.halt(); this.go(Number(this.slider.value)); } });
    this.play = h('button.icon', { 'aria-label': 'Play the pass', title: 'Play', onclick: () => this.toggle() }, icon('play'));
    this.where = h('output.where');
    this.big = h('canvas.matrix', { role: 'img', 'aria-label': 'The value of this step', onclick: (event) => this.pick(event) });
    this.says = h('p.muted.small');
    this.words = h('p.words');
    this.symbols = h('p.symbols');
    this.numbers = h('p.numbers');
    this.cellsays = h('p.muted.small');
    this.title = h('h3');
    this.from = h('p.muted.small');
    const at = pass.steps.findIndex((step) => step.phase === 'loss');
    const back = pass.steps.findIndex((step) => step.phase === 'backward');
    this.body.replaceChildren(
      h('p.muted.small', `With the weights of step ${count(pass.step)}, in float64. Loss ${number(pass.loss)}${pass.loss < 0.01 ? ': this text is known by now, so its gradients are tiny; an earlier step shows more' : ''}. The text: `, h('span.mono', pass.tokens.map(label).join(' ')), ' → ', h('span.mono', pass.targets.map((token, row) => pass.counts[row] ? label(token) : '·').join(' '))),
      h('div.steps',
        h('button.icon', { 'aria-label': 'One step of the pass back', onclick: () => { this.halt(); this.go(this.place - 1); } }, icon('previous')), this.play,
        h('button.icon', { 'aria-label': 'One step of the pass on', 'data-next': '', onclick: () => { this.halt(); this.go(this.place + 1); } }, icon('next')),
        this.slider, this.where,
        h('span.choices', h('button', { onclick: () => { this.halt(); this.go(0); } }, 'Forward'), h('button', { 'data-loss': '', onclick: () => { this.halt(); this.go(at); } }, 'Loss'), h('button', { onclick: () => { this.halt(); this.go(back); } }, 'Backward'))),
      h('div.two.wideleft', this.map(), h('div.formula', this.title, this.from, this.words, this.symbols, this.numbers, this.cellsays, this.big, this.says)));
    this.paintAll();
    this.go(0);
  }

  /** Rows of blocks: the loss on top, the layers below it, the embedding at the bottom. */
  map() {
    const { pass } = this;
    this.blocks = pass.blocks.map((block, index) => {
      const value = h('canvas');
      const slope = h('canvas');
      const element = h(`button.block${block.isWeight ? '.weight' : ''}`, { 'data-block': index, title: block.name, onclick: () => this.show(index) }, h('span', short(block.name)), value, slope);
      return { ...block, element, canvases: [value, slope], valueAt: block.isWeight ? -1 : Infinity, slopeAt: Infinity };
    });
    pass.steps.forEach((step, place) => step.blocks.forEach((index) => {
      const block = this.blocks[index];
      if (step.node === block.gradient) block.slopeAt = Math.min(block.slopeAt, place); else block.valueAt = place;
    }));
    const layers = [...new Set(pass.blocks.map((block) => block.layer))].filter((layer) => layer !== null).sort((a, b) => b - a);
    const first = pass.blocks.findIndex((block) => block.layer !== null);
    const rows = [
      ['output and loss', this.blocks.filter((block, index) => block.layer === null && index > first)],
      ...layers.map((layer) => [`layer ${layer}`, this.blocks.filter((block) => block.layer === layer)]),
      ['embedding', this.blocks.filter((block, index) => block.layer === null && index < first)],
    ];
    return h('div.map', rows.map(([name, blocks]) => h('div.row', h('span.muted.small', name), h('div', blocks.map((block) => block.element)))),
      h('p.muted.small', 'In each block, above the value, below its gradient. Weights have a coloured edge. Blue is negative, orange positive, each block to its own range.'));
  }

  paintAll() {
    this.themed = document.documentElement.dataset.theme;
    for (const block of this.blocks ?? []) {
      [block.value, block.slope].forEach((picture, part) => { if (picture) thumb(block.canvases[part], picture); });
    }
  }

  go(place) {
    const { steps } = this.pass;
    this.place = Math.max(0, Math.min(place, steps.length - 1));
    const step = steps[this.place];
    this.slider.value = String(this.place);
    this.where.textContent = `${phases[step.phase]} · ${count(this.place + 1)} of ${count(steps.length)}`;
    this.blocks.forEach((block, index) => {
      block.canvases[0].classList.toggle('unknown', block.valueAt > this.place);
      block.canvases[1].classList.toggle('unknown', block.slopeAt > this.place);
      block.element.classList.toggle('lit', step.blocks.includes(index));
    });
    this.node = step.node;
    this.title.textContent = step.name;
    this.from.textContent = step.inputs.length ? `${spoken(step.op)} of ${step.inputs.join(', ')}` : spoken(step.op);
    this.ask(null);
    const lit = this.blocks[step.blocks.at(-1)]?.element;
    const map = lit?.closest('.map');
    if (lit && map) map.scrollTo({ top: lit.offsetTop - map.clientHeight / 2, behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'instant' : 'smooth' });
    if (this.place === steps.length - 1) this.halt();
  }

  /** A block that is clicked: its gradient where it is there already, else its value. */
  show(index) {
    const block = this.blocks[index];
    this.halt();
    const place = block.slopeAt <= this.place ? block.slopeAt : block.isWeight ? block.slopeAt : block.valueAt;
    if (Number.isFinite(place) && place >= 0) this.go(place);
  }

  ask(place) {
    const { step } = this.pass;
    this.values.want(`${step}/${this.node}`, step, this.node);
    this.cell.want(`${step}/${this.node}/${place}`, step, this.node, place);
  }

  enlarge({ data, about }) {
    if (about.name !== this.pass.steps[this.place].name) return;
    let range = 0;
    for (const value of data) if (Number.isFinite(value)) range = Math.max(range, Math.abs(value));
    matrix(this.big, data, about.rows, about.columns, range);
    this.about = about;
    this.says.textContent = `${about.shape.join(' × ')}, −${number(range)} blue to ${number(range)} orange${about.pooled > 1 ? `, ${about.pooled} × ${about.pooled} values a cell` : '; click a cell for its formula'}.`;
  }

  pick(event) {
    if (!this.about || this.about.pooled > 1) return;
    const box = this.big.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / box.width * this.about.columns);
    const row = Math.floor((event.clientY - box.top) / box.height * this.about.rows);
    this.halt();
    this.ask(row * this.about.columns + column);
  }

  tell(found, error) {
    if (error) { this.words.textContent = error.message; return; }
    if (found.node !== this.node) return;
    this.told = found.node;
    this.words.textContent = found.words ?? 'Each of these numbers comes from many tokens at once, too many to write out; the values stand below.';
    this.symbols.textContent = found.symbols ?? '';
    this.numbers.textContent = found.numbers || found.value;
    this.cellsays.textContent = `The cell [${found.index.join(', ')}] is ${found.value}.`;
  }

  toggle() {
    if (this.timer) return this.halt();
    if (this.place === this.pass.steps.length - 1) this.go(0);
    this.timer = setInterval(() => this.go(this.place + 1), 420);
    this.play.replaceChildren(icon('pause'));
  }

  halt() {
    clearInterval(this.timer);
    this.timer = null;
    this.play?.replaceChildren(icon('play'));
  }
}

function short(name) {
  return name.replace(/^(blocks|blk)\.\d+\./, '').replace(/\.weight$/, '').replace('.normalized', '').replace('attn.', '').replace('mlp.', '');
}

/** `attentionMix` as two words. */
function spoken(op) { return op.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`); }

function thumb(canvas, picture) {
  const bytes = Uint8Array.from(atob(picture.cells), (character) => character.charCodeAt(0));
  matrix(canvas, Array.from(new Int8Array(bytes.buffer)), picture.rows, picture.columns, 127);
  canvas.removeAttribute('style');
}
