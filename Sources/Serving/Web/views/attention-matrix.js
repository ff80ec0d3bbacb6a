// One head's matrix with its arcs above: wheel and pinch zoom, drag moves, a click picks the row's token.
//
// The window that is seen is read at the resolution of the screen; until it is there the last picture stands in.

import { h } from '../components/dom.js';
import { label } from '../components/format.js';
import { color } from '../components/theme.js';
import { brushOf, isOver, picture, throttled } from './recording.js';

const arcs = 92;
const margin = 64;
const finest = 12;

export class HeadMatrix {
  constructor(app, recording, { hover, pick }) {
    Object.assign(this, { app, recording, onHover: hover, onPick: pick, window: null, images: new Map() });
    this.canvas = h('canvas', { tabindex: '0', role: 'img', 'aria-label': 'Attention matrix of the selected head' });
    this.home = h('button.small', { onclick: () => this.whole(), title: 'Show all tokens (h)' }, 'All tokens');
    this.element = h('div.attention-matrix', this.canvas, this.home);
    this.legend = h('span.legend', h('span', '0'), h('i'), h('span', '1'), h('small', 'weight, square-root scale'));
    this.read = throttled(() => this.fetch(), 60);
    this.watch = new ResizeObserver(() => this.later());
    this.watch.observe(this.element);
    const on = (name, body, options) => this.canvas.addEventListener(name, body, options);
    on('wheel', (event) => this.wheel(event), { passive: false });
    on('pointerdown', (event) => { this.grip = { x: event.clientX, y: event.clientY, window: { ...this.window }, moved: false }; this.canvas.setPointerCapture(event.pointerId); });
    on('pointermove', (event) => this.move(event));
    on('pointerup', (event) => this.release(event));
    on('pointercancel', () => { this.grip = null; });
    on('pointerleave', () => { if (!this.grip) this.point(null); });
    on('dblclick', () => this.whole());
    on('keydown', (event) => { if (event.key === 'h') { event.stopPropagation(); this.whole(); } });
  }

  close() { this.closed = true; this.read.cancel(); this.watch.disconnect(); cancelAnimationFrame(this.frame); this.control?.abort(); }

  take(recording) { this.recording = recording; this.images.clear(); this.window = null; this.shown = null; this.rowValues = null; }

  show(place, anew) {
    const before = this.shown;
    this.shown = place;
    if (before?.layer !== place.layer || before?.head !== place.head) this.images.clear();
    if (anew && before?.count !== place.count) this.images.clear();
    const wasWhole = !this.window || (before && this.window.first === 0 && this.window.count >= before.count);
    if (wasWhole) this.window = { first: 0, count: place.count, top: 0, rows: place.count };
    if (before?.row !== place.row && this.window.count < place.count) this.follow(place.row);
    this.read();
    this.readRow();
    this.later();
  }

  whole() { if (this.shown) { this.window = { first: 0, count: this.shown.count, top: 0, rows: this.shown.count }; this.read(); this.later(); } }

  /** Brings a row into the window. */
  follow(row) {
    const view = this.window;
    if (row < view.top || row >= view.top + view.rows) view.top = Math.max(0, Math.min(this.shown.count - view.rows, row - view.rows / 2));
  }

  /** Pixels of the square and of a cell. */
  get side() { return Math.max(200, Math.min(620, this.element.clientWidth - margin - 4)); }

  key() {
    const { layer, head, count } = this.shown;
    const view = this.window;
    return [layer, head, count, Math.floor(view.top), Math.ceil(view.rows), Math.floor(view.first), Math.ceil(view.count)].join(' ');
  }

  async fetch() {
    if (!this.shown || this.closed) return;
    const key = this.key();
    if (this.images.has(key)) return;
    const { layer, head, count } = this.shown;
    const view = this.window;
    const rows = [Math.floor(view.top), Math.min(count, Math.ceil(view.top + view.rows))];
    const columns = [Math.floor(view.first), Math.min(count, Math.ceil(view.first + view.count))];
    const most = Math.min(512, Math.round(this.side));
    this.control?.abort();
    this.control = new AbortController();
    try {
      const { data, about } = await this.recording.binary('attention/cells', {
        layer, head, rows: rows.join('-'), columns: columns.join('-'), height: most, width: most, at: count,
      }, this.control.signal);
      if (this.closed || this.shown.layer !== layer || this.shown.head !== head) return;
      if (this.images.size > 24) this.images.clear();
      this.images.set(key, { data, about, rows, columns });
      this.latest = this.images.get(key);
      this.later();
    } catch (error) { if (!isOver(error)) this.app.toast(error.message); }
  }

  async readRow() {
    const { layer, head, row, count } = this.shown;
    try {
      const { data } = await this.recording.binary('attention/cells', { layer, head, rows: `${row}-${row + 1}`, columns: `0-${row + 1}`, height: 1, width: row + 1 });
      if (this.closed || this.shown.row !== row || this.shown.layer !== layer || this.shown.head !== head) return;
      this.rowValues = { data, row, count };
      this.later();
    } catch (error) { if (!isOver(error)) console.error(error); }
  }

  later() { this.frame ||= requestAnimationFrame(() => { this.frame = 0; if (!this.closed) this.draw(); }); }

  draw() {
    if (!this.shown || !this.window) return;
    const { side } = this;
    const view = this.window;
    const brush = brushOf(this.canvas, side + margin, side + arcs + margin);
    const { theme } = this.app;
    const x = (column) => margin + (column - view.first) / view.count * side;
    const y = (row) => arcs + (row - view.top) / view.rows * side;
    brush.save();
    brush.beginPath();
    brush.rect(margin, arcs, side, side);
    brush.clip();
    brush.fillStyle = theme.color('sunken');
    brush.fillRect(margin, arcs, side, side);
    brush.imageSmoothingEnabled = false;
    const image = this.images.get(this.key()) ?? this.latest;
    if (image) {
      if (image.theme !== document.documentElement.dataset.theme) {
        image.picture = picture(image.data, image.about.shape[1], image.about.shape[0], theme);
        image.theme = document.documentElement.dataset.theme;
      }
      brush.drawImage(image.picture, x(image.columns[0]), y(image.rows[0]), x(image.columns[1]) - x(image.columns[0]), y(image.rows[1]) - y(image.rows[0]));
    }
    brush.strokeStyle = theme.color('accent-fill');
    brush.lineWidth = 1;
    const cell = Math.max(2, side / view.rows);
    brush.strokeRect(margin + 0.5, y(this.shown.row) - 0.5, side - 1, cell + 1);
    if (this.pointed) {
      brush.strokeStyle = theme.color('text');
      brush.strokeRect(x(this.pointed.column) - 0.5, y(this.pointed.row) - 0.5, Math.max(3, side / view.count) + 1, cell + 1);
    }
    brush.restore();
    this.drawArcs(brush, x);
    this.drawNames(brush, x, y, side);
    this.home.hidden = view.count >= this.shown.count && view.rows >= this.shown.count;
  }

  /** From the selected row's token to what it looks at; as thick and as strong as the weight. */
  drawArcs(brush, x) {
    const values = this.rowValues;
    if (!values || values.row !== this.shown.row) return;
    const view = this.window;
    const half = this.side / view.count / 2;
    const from = Math.max(margin, Math.min(margin + this.side, x(values.row) + half));
    const strongest = [...values.data.entries()].filter(([, weight]) => weight > 0.01).sort((a, b) => b[1] - a[1]).slice(0, 60).reverse();
    brush.save();
    brush.beginPath();
    brush.rect(margin - 2, 0, this.side + 4, arcs);
    brush.clip();
    brush.strokeStyle = color('role-attention');
    for (const [column, weight] of strongest) {
      const to = x(column) + half;
      if (to < margin - 1 || to > margin + this.side + 1) continue;
      brush.globalAlpha = 0.25 + 0.75 * Math.sqrt(weight);
      brush.lineWidth = 0.6 + 5 * weight;
      brush.beginPath();
      if (column === values.row) brush.arc(from, arcs - 9, 6, 0, 2 * Math.PI);
      else {
        const rise = Math.min(arcs - 10, 14 + Math.abs(from - to) * 0.45);
        brush.moveTo(from, arcs - 2);
        brush.bezierCurveTo(from, arcs - rise * 1.3, to, arcs - rise * 1.3, to, arcs - 2);
      }
      brush.stroke();
    }
    brush.restore();
  }

  drawNames(brush, x, y, side) {
    const view = this.window;
    const { tokens } = this.app.text;
    const size = side / view.rows;
    brush.font = `11px ${getComputedStyle(this.canvas).fontFamily}`;
    brush.textBaseline = 'middle';
    const every = Math.max(1, Math.ceil(15 / size));
    const named = size >= 9;
    for (let row = Math.ceil(view.top / every) * every; row < Math.min(this.shown.count, view.top + view.rows); row += every) {
      brush.fillStyle = color(row === this.shown.row ? 'accent' : 'muted');
      brush.textAlign = 'right';
      brush.fillText(named ? shortened(label(tokens[row]), 9) : String(row), margin - 6, y(row) + size / 2);
    }
    brush.textAlign = 'right';
    for (let column = Math.ceil(view.first / every) * every; column < Math.min(this.shown.count, view.first + view.count); column += every) {
      brush.save();
      brush.translate(x(column) + side / view.count / 2, arcs + side + 6);
      brush.rotate(-Math.PI / 2);
      brush.fillStyle = color('muted');
      brush.fillText(named ? shortened(label(tokens[column]), 9) : String(column), 0, 0);
      brush.restore();
    }
    brush.textAlign = 'left';
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const view = this.window;
    if (!view) return null;
    const column = Math.floor(view.first + (event.clientX - box.left - margin) / this.side * view.count);
    const row = Math.floor(view.top + (event.clientY - box.top - arcs) / this.side * view.rows);
    if (column < view.first || row < view.top || column >= Math.min(this.shown.count, view.first + view.count) || row >= Math.min(this.shown.count, view.top + view.rows)) return null;
    return { row, column };
  }

  point(cell) {
    if (cell && cell.column > cell.row) cell = null;
    if (cell?.row === this.pointed?.row && cell?.column === this.pointed?.column) return;
    this.pointed = cell;
    this.later();
    this.onHover(cell);
  }

  move(event) {
    if (!this.grip) return this.point(this.place(event));
    const [dx, dy] = [event.clientX - this.grip.x, event.clientY - this.grip.y];
    if (Math.abs(dx) + Math.abs(dy) > 4) this.grip.moved = true;
    if (!this.grip.moved) return;
    const view = this.window;
    view.first = this.bound(this.grip.window.first - dx / this.side * view.count, view.count);
    view.top = this.bound(this.grip.window.top - dy / this.side * view.rows, view.rows);
    this.read();
    this.later();
  }

  release(event) {
    const { grip } = this;
    this.grip = null;
    if (grip?.moved) return;
    const cell = this.place(event);
    if (cell) this.onPick(cell.row);
  }

  bound(first, count) { return Math.max(0, Math.min(this.shown.count - count, first)); }

  wheel(event) {
    if (!this.window) return;
    event.preventDefault();
    const cell = this.place(event);
    const view = this.window;
    const factor = Math.exp(Math.max(-0.5, Math.min(0.5, event.deltaY * 0.002)));
    const count = Math.max(Math.min(finest, this.shown.count), Math.min(this.shown.count, view.count * factor));
    const [column, row] = cell ? [cell.column + 0.5, cell.row + 0.5] : [view.first + view.count / 2, view.top + view.rows / 2];
    view.first = this.fixedFirst(column, view.first, view.count, count);
    view.top = this.fixedFirst(row, view.top, view.rows, count);
    view.count = count;
    view.rows = count;
    this.read();
    this.later();
  }

  /** The first position of a window whose fixed point stays where it is. */
  fixedFirst(fixed, first, before, after) { return Math.max(0, Math.min(this.shown.count - after, fixed - (fixed - first) * after / before)); }
}

function shortened(words, most) { return words.length > most ? `${words.slice(0, most - 1)}…` : words; }
