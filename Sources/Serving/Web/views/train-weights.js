// The weights as they were at a step, or how far they have come since the first one that was kept.

import { h } from '../components/dom.js';
import { bytes, count, number } from '../components/format.js';
import { kind } from '../components/inspector.js';
import { channels } from '../components/theme.js';
import { Latest } from './train-course.js';

export class Weights {
  constructor(app, course) {
    Object.assign(this, { app, course, mode: 'value' });
    this.names = h('select', { 'aria-label': 'Weight', onchange: () => { app.set({ tensor: this.names.value }); this.draw(); } });
    this.modes = ['value', 'change'].map((mode) => h('button', { 'aria-pressed': String(mode === this.mode), onclick: () => {
      this.mode = mode;
      this.modes.forEach((button, index) => button.setAttribute('aria-pressed', String(['value', 'change'][index] === mode)));
      this.draw();
    } }, mode === 'value' ? 'values' : 'change since the first'));
    this.canvas = h('canvas.matrix', { role: 'img', 'aria-label': 'Values of the weight' });
    this.says = h('p.muted.small');
    this.kept = h('p.muted.small');
    this.element = h('section.weights', h('h3', 'Weights as they change ', kind('value')),
      h('div.line', this.names, h('span.choices', this.modes)), this.canvas, this.says, this.kept);
    this.latest = new Latest((step, name, first) => this.ask(step, name, first), (found, error) => this.show(found, error));
  }

  async ask(step, name, first) {
    if (!this.listed) {
      const { weights } = await this.app.api.json(`/api/training/weights?step=${step}`);
      this.listed = weights;
      this.names.replaceChildren(...weights.map((weight) => h('option', { value: weight.name }, `${weight.name}  ${weight.shape.join(' × ')}`)));
      this.names.value = name ?? weights.find((weight) => weight.name.includes('attn_q'))?.name ?? weights[0].name;
    }
    const chosen = encodeURIComponent(this.names.value);
    const now = await this.app.api.binary(`/api/training/weights?step=${step}&name=${chosen}`);
    if (first === null) return { now, data: now.data };
    const before = await this.app.api.binary(`/api/training/weights?step=${first}&name=${chosen}`);
    return { now, before, data: now.data.map((value, index) => value - before.data[index]) };
  }

  draw() {
    const { snapshot, snapshots, run } = this.course;
    this.element.hidden = snapshot === null;
    if (this.run !== run.id) { this.listed = null; this.run = run.id; }
    if (snapshot === null) return;
    const name = typeof this.app.state.tensor === 'string' && this.listed?.some((weight) => weight.name === this.app.state.tensor) ? this.app.state.tensor : null;
    if (name && this.names.value !== name) this.names.value = name;
    this.latest.want(`${run.id}/${snapshot}/${this.listed ? this.names.value : ''}/${this.mode}`, snapshot, name, this.mode === 'change' ? snapshots.steps[0] : null);
    const dropped = snapshots.dropped ? `; ${count(snapshots.dropped)} others were let go to stay within it` : '';
    this.kept.textContent = `${count(snapshots.steps.length)} copies of the weights are kept in memory: ${bytes(snapshots.bytes)} of at most ${bytes(snapshots.budget)}${dropped}.`;
    if (this.found) this.paint();
  }

  show(found, error) {
    if (error) { this.says.textContent = error.message; return; }
    this.found = found;
    this.paint();
  }

  paint() {
    const { now, data } = this.found;
    const { theme } = document.documentElement.dataset;
    if (this.painted === this.found && this.themed === theme) return;
    [this.painted, this.themed] = [this.found, theme];
    const { rows, columns, pooled, step, name, shape } = now.about;
    let [range, sum] = [0, 0];
    for (const value of data) { range = Math.max(range, Math.abs(value)); sum += value * value; }
    matrix(this.canvas, data, rows, columns, range);
    const what = this.mode === 'change' ? `change from step ${count(this.course.snapshots.steps[0])} to ${count(step)}` : `after step ${count(step)}`;
    const cells = pooled > 1 ? `, ${pooled} × ${pooled} weights a cell, their mean` : ', a weight a cell';
    this.says.textContent = `${name}, ${shape.join(' × ')}, ${what}: −${number(range)} blue to ${number(range)} orange, root mean square ${number(Math.sqrt(sum / data.length))}${cells}.`;
  }
}

/** Values on the diverging scale, a pixel a cell, enlarged by the style. */
export function matrix(canvas, data, rows, columns, range) {
  if (canvas.width !== columns || canvas.height !== rows) { canvas.width = columns; canvas.height = rows; }
  const brush = canvas.getContext('2d');
  const image = brush.createImageData(columns, rows);
  const [low, middle, high] = ['negative', 'zero', 'positive'].map(channels);
  for (let cell = 0; cell < rows * columns; cell += 1) {
    const share = range > 0 && Number.isFinite(data[cell]) ? Math.max(-1, Math.min(1, data[cell] / range)) : 0;
    const end = share < 0 ? low : high;
    for (let part = 0; part < 3; part += 1) image.data[cell * 4 + part] = middle[part] + (end[part] - middle[part]) * Math.abs(share);
    image.data[cell * 4 + 3] = Number.isFinite(data[cell]) ? 255 : 0;
  }
  brush.putImageData(image, 0, 0);
  const tall = Math.max(1, Math.min(8, Math.floor(Math.min(720 / columns, 320 / rows))));
  canvas.style.width = `${columns * tall}px`;
  canvas.style.aspectRatio = `${columns} / ${rows}`;
}
