// Trace: record a run in a file, open one later, look at any value in it.

import { h } from '../components/dom.js';
import { bytes, label, number } from '../components/format.js';
import { kind } from '../components/inspector.js';
import { diverging, sequential } from '../components/theme.js';
import { brushOf } from './recording.js';
import { download } from './export.js';
import { readRows, readTrace } from './trace-file.js';

const standard = 'blocks.*.resid_post, blocks.*.attn.pattern, logits';
const choices = [
  ['the usual', standard], ['stream', 'embed, blocks.*.resid_mid, blocks.*.resid_post'], ['attention', 'blocks.*.attn.pattern, blocks.*.attn.z'],
  ['networks', 'blocks.*.mlp.post, blocks.*.mlp_out'], ['first layer', 'embed, blocks.0.*'],
];

export default class Trace {
  constructor(element, app) {
    this.app = app;
    this.values = h('input', { type: 'text', value: standard, 'aria-label': 'Names of values' });
    this.record = h('button.primary', { type: 'submit' }, 'Record');
    this.message = h('p.muted', { role: 'status' }, app.text.session ? 'Recording reads the present text once more and keeps the named values as a safetensors file, shown here at once.' : 'No text yet: write a beginning above, and run it; or open a trace.');
    this.file = h('input', { type: 'file', accept: '.safetensors', hidden: true, onchange: () => this.open(this.file.files[0]) });
    this.names = h('ul.trace-names');
    this.tokens = h('p.trace-words');
    this.tokens.addEventListener('click', (event) => { const span = event.target.closest('[data-index]'); if (span) { this.row = Number(span.dataset.index); this.show(); } });
    this.title = h('h3');
    this.canvas = h('canvas', { role: 'img', 'aria-label': 'The selected value' });
    for (const name of ['pointermove', 'click']) this.canvas.addEventListener(name, (event) => this.point(event));
    this.under = h('p.small.muted');
    this.parts = h('div.trace-parts', { hidden: true }, h('section', h('h3', 'Tokens'), this.tokens),
      h('div.trace-pair', h('section', h('h3', 'Values'), this.names), h('section', this.title, h('div.scroll', this.canvas), this.under)));
    element.append(h('div.page.trace', h('h2', 'Record a run, open it later'),
      h('form.trace-form', { onsubmit: (event) => { event.preventDefault(); this.run(); } }, h('label', h('span.small.muted', 'Values of the present text, by name; * stands for any letters'), this.values), this.record, h('div.choices', choices.map(([words, names]) => h('button', { type: 'button', title: names, onclick: () => { this.values.value = names; } }, words)))),
      h('div.line', h('button', { onclick: () => this.file.click() }, 'Open a trace'), this.file, h('span.small.muted', 'or drop one here; it stays in this browser')), this.message, this.parts));
    element.addEventListener('dragover', this.over = (event) => event.preventDefault());
    element.addEventListener('drop', this.dropped = (event) => { event.preventDefault(); this.open(event.dataTransfer.files[0]); });
    this.element = element;
  }

  unmount() { this.closed = true; this.element.removeEventListener('dragover', this.over); this.element.removeEventListener('drop', this.dropped); }

  update(change) { if ('theme' in change) this.draw(); }

  async run() {
    const { app } = this;
    if (!app.text.session) { this.message.textContent = 'No text yet: write a beginning above, and run it.'; return; }
    const values = this.values.value.split(',').map((name) => name.trim()).filter(Boolean);
    this.record.disabled = true;
    this.message.textContent = 'Reading the text once more…';
    try {
      const answer = await app.api.binary('/api/trace', { session: app.text.session, values });
      const file = new File([answer.bytes], 'run.safetensors');
      await this.open(file);
      this.message.replaceChildren(`${bytes(file.size)} recorded. `, h('button', { onclick: () => download(file, `${app.model.id.replace(/[^\w.-]+/g, '-')}-run.safetensors`) }, 'Save the file'));
    } catch (error) { this.message.textContent = error.message; }
    this.record.disabled = false;
  }

  async open(file) {
    if (!file) return;
    try { this.trace = await readTrace(file); } catch (error) { this.message.textContent = error.message; return; }
    if (this.closed) return;
    const { about, tensors } = this.trace;
    this.message.textContent = `${about.model?.split('/').pop()}: ${about.tokens.length} tokens, ${tensors.size - 1} values, ${about.arithmetic} arithmetic, cache ${about.cache}.`;
    this.parts.hidden = false;
    this.row = about.tokens.length - 1;
    this.tokens.replaceChildren(...about.tokens.slice(0, 4000).map((token, index) => h('span', { 'data-index': index }, token.text ?? String(token.id))));
    this.names.replaceChildren(...[...tensors.values()].filter(({ name }) => name !== 'tokens').map((tensor) => h('li', h('button', { onclick: () => { this.tensor = tensor; this.show(); } }, h('span', tensor.name), h('small.muted', tensor.shape.join(' × '))))));
    this.tensor = [...tensors.values()].find(({ name }) => name.endsWith('pattern')) ?? [...tensors.values()].find(({ name }) => name !== 'tokens');
    await this.show();
  }

  /** All rows of a plain value; of a value with heads those of the selected token. */
  async show() {
    const { tensor, trace } = this;
    if (!tensor) return;
    [...this.names.children].forEach((item) => item.firstChild.setAttribute('aria-pressed', String(item.firstChild.firstChild.textContent === tensor.name)));
    [...this.tokens.children].forEach((span, index) => span.classList.toggle('here', index === this.row));
    const isHeads = tensor.shape.length > 2;
    const rows = tensor.shape[0];
    const many = rows * tensor.shape.slice(1).reduce((product, size) => product * size, 1);
    const [first, end] = isHeads || many > 8e6 ? [this.row, this.row + 1] : [0, rows];
    const data = await readRows(trace, tensor, first, end);
    if (this.closed || tensor !== this.tensor) return;
    const width = tensor.shape[tensor.shape.length - 1];
    this.picture = { data, width, height: data.length / width, first, isHeads, isRow: end - first === 1 };
    this.title.replaceChildren(tensor.name, isHeads ? ` at “${label(trace.about.tokens[this.row])}”, a row a head ` : this.picture.isRow ? ` at “${label(trace.about.tokens[this.row])}” ` : ', a row a token ', kind('value'));
    this.draw();
  }

  draw() {
    if (!this.picture || this.closed) return;
    const { data, width, height } = this.picture;
    const room = Math.max(240, this.canvas.parentElement.clientWidth);
    const cells = Math.min(width, room);
    const wide = Math.max(1, Math.min(24, room / cells));
    const tall = Math.max(3, Math.min(20, 420 / height));
    const brush = brushOf(this.canvas, cells * wide, height * tall);
    const isShare = /pattern|expert_weights/.test(this.tensor.name);
    let range = 0;
    for (const value of data) if (Number.isFinite(value)) range = Math.max(range, Math.abs(value));
    this.scale = { cells, wide, tall };
    for (let row = 0; row < height; row += 1) {
      for (let cell = 0; cell < cells; cell += 1) {
        const [from, end] = [Math.floor(cell * width / cells), Math.max(Math.floor(cell * width / cells) + 1, Math.floor((cell + 1) * width / cells))];
        let value = data[row * width + from];
        for (let index = from + 1; index < end; index += 1) if (Math.abs(data[row * width + index]) > Math.abs(value)) value = data[row * width + index];
        brush.fillStyle = isShare ? sequential(Math.sqrt(value / Math.max(range, 1e-9))) : diverging(value, range);
        brush.fillRect(cell * wide, row * tall, Math.ceil(wide), tall - (tall > 6 ? 1 : 0));
      }
    }
    this.under.textContent = `${isShare ? `0 to ${number(range)}, square-root scale` : `from −${number(range)} to ${number(range)}`}${cells < width ? '; a cell is the largest of several numbers' : ''}`;
  }

  point(event) {
    if (!this.picture) return;
    const { wide, tall, cells } = this.scale;
    const { data, width, height } = this.picture;
    const box = this.canvas.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top) / tall);
    const column = Math.floor((event.clientX - box.left) / wide * width / cells);
    if (row < 0 || row >= height || column < 0 || column >= width) return;
    const { about } = this.trace;
    const at = this.picture.isHeads ? [`head ${row}`, `position ${column}: ${label(about.tokens[column])}`] : [`position ${row + this.picture.first}: ${label(about.tokens[row + this.picture.first])}`, `element ${column}`];
    this.app.inspector.show({ title: number(data[row * width + column]), subtitle: this.tensor.name, kind: 'value', key: 'trace', rows: [['row', at[0]], ['column', at[1]], ['shape', this.tensor.shape.join(' × ')]] });
  }
}
