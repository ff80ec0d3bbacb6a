// One weight cell by cell at the step that is looked at: its values, how far they have come, or their gradient.

import { h } from '../components/dom.js';
import { bytes, count, number } from '../components/format.js';
import { channels } from '../components/theme.js';
import { Latest, contentOf } from './train-course.js';

export class Weights {
  constructor(app, course) {
    Object.assign(this, { app, course, listed: null });
    this.names = h('select', { 'aria-label': 'Weight', onchange: () => app.set({ tensor: this.names.value }) });
    this.canvas = h('canvas.matrix', { role: 'img', 'aria-label': 'Values of the weight' });
    this.says = h('p.muted.small');
    this.kept = h('p.muted.small');
    this.element = h('section.weights', h('h3', 'One weight, cell by cell'), this.names, this.canvas, this.says, this.kept);
    this.latest = new Latest((...wish) => this.ask(...wish), (found, error) => this.show(found, error));
  }

  /** The weight that is shown; null before there is one. */
  get name() { return this.listed ? this.names.value : null; }

  async ask(step, show) {
    const { app, course } = this;
    if (!this.listed) {
      const { weights } = await app.api.json(`/api/training/weights?${course.query(step)}`);
      this.listed = weights;
      this.names.replaceChildren(...weights.map((weight) => h('option', { value: weight.name }, `${weight.name}  ${weight.shape.join(' × ')}`)));
      const wanted = weights.find((weight) => weight.name === app.state.tensor) ?? weights.find((weight) => weight.name.includes('attn_q')) ?? weights[0];
      this.names.value = wanted.name;
    }
    const found = await app.api.binary(`/api/training/weights?${course.query(step)}&show=${show}&name=${encodeURIComponent(this.names.value)}`);
    return { ...found, show };
  }

  draw() {
    const { snapshot, snapshots, run, isRecorded } = this.course;
    if (this.run !== run.id) { this.listed = null; this.run = run.id; }
    const { tensor } = this.app.state;
    if (this.listed?.some((weight) => weight.name === tensor)) this.names.value = tensor;
    const show = contentOf(this.app.state);
    this.latest.want([run.id, snapshot, this.name, show].join('/'), snapshot, show);
    const dropped = snapshots.dropped ? `; ${count(snapshots.dropped)} others were let go to stay within it` : '';
    this.kept.textContent = isRecorded ? `Only the weights of the last checkpoint are there: every picture is of step ${count(snapshot)}.`
      : `${count(snapshots.steps.length)} copies of the weights are kept in memory: ${bytes(snapshots.bytes)} of at most ${bytes(snapshots.budget)}${dropped}.`;
    if (this.found) this.paint();
  }

  show(found, error) {
    if (error) { this.says.textContent = error.message; return; }
    this.found = found;
    this.paint();
  }

  paint() {
    const { about, data, show } = this.found;
    const { theme } = document.documentElement.dataset;
    if (this.painted === this.found && this.themed === theme) return;
    [this.painted, this.themed] = [this.found, theme];
    const { rows, columns, pooled, step, name, shape } = about;
    let [range, sum] = [0, 0];
    for (const value of data) { range = Math.max(range, Math.abs(value)); sum += value * value; }
    matrix(this.canvas, data, rows, columns, range);
    const what = { weights: 'after', change: `change from step ${count(this.course.snapshots.steps[0])} to`, gradients: 'gradient at' }[show];
    const cells = pooled > 1 ? `, ${pooled} × ${pooled} weights a cell, their mean` : ', a weight a cell';
    this.says.textContent = `${name}, ${shape.join(' × ')}, ${what} step ${count(step)}: −${number(range)} blue to ${number(range)} orange, root mean square ${number(Math.sqrt(sum / data.length))}${cells}.`;
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
