// Small pictures of every head, rows of layers; each is read from the run once and drawn from its own numbers.

import { h } from '../components/dom.js';
import { brushOf, isOver, picture } from './recording.js';

const gap = 3;

export class Glance {
  constructor(app, recording, choose) {
    Object.assign(this, { app, recording, choose, layers: [], waiting: new Map() });
    this.canvas = h('canvas', { tabindex: '0', role: 'grid', 'aria-label': 'Heads by layer; arrow keys choose' });
    this.element = h('div.attention-glance', this.canvas);
    this.canvas.addEventListener('pointermove', (event) => this.point(event));
    this.canvas.addEventListener('pointerleave', () => { this.pointed = null; this.canvas.title = ''; this.later(); });
    this.canvas.addEventListener('click', (event) => { const place = this.place(event); if (place) choose(place.layer, place.head); });
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    this.watch = new ResizeObserver(() => this.later());
    this.watch.observe(this.element);
  }

  close() { this.closed = true; this.watch.disconnect(); cancelAnimationFrame(this.frame); }

  take(recording) { this.recording = recording; this.layers = []; this.waiting.clear(); this.later(); }

  /** Reads layer by layer, the selected one first. */
  async show(info, layer) {
    this.info = info;
    const mine = (this.turn = (this.turn ?? 0) + 1);
    const { recording } = this;
    const order = info.layers.map((_, index) => index).sort((a, b) => Math.abs(a - layer) - Math.abs(b - layer));
    this.later();
    const next = async () => {
      for (let index = order.shift(); index !== undefined; index = order.shift()) {
        if (!info.layers[index].heads) continue;
        const { data, about } = await recording.binary('attention/heads', { layer: index, at: info.positions });
        if (mine !== this.turn || this.closed) return;
        this.layers[index] = { data, about, images: [] };
        this.waiting.get(index)?.();
        this.waiting.delete(index);
        this.later();
      }
    };
    try { await Promise.all([next(), next()]); } catch (error) { if (!isOver(error)) this.app.toast(error.message); }
  }

  /** What a head does, in numbers; null until it is read. */
  scores(layer, head) {
    const about = this.layers[layer]?.about;
    if (!about) return null;
    const scores = {};
    for (const [name, values] of Object.entries(about.scores)) scores[name] = values?.[head] ?? null;
    return { ...scores, rows: about.rows, of: about.of, kind: about.kind };
  }

  whenScored(layer, body) { if (!this.layers[layer]) this.waiting.set(layer, body); }

  select(layer, head, anew) {
    Object.assign(this, { layer, head });
    if (anew) this.layers.forEach((entry) => { entry.images = []; });
    this.later();
  }

  later() { this.frame ||= requestAnimationFrame(() => { this.frame = 0; if (!this.closed) this.draw(); }); }

  get size() {
    const heads = Math.max(1, ...(this.info?.layers ?? []).map((layer) => layer.heads ?? 0));
    const room = this.element.clientWidth - 40;
    const tall = Math.floor(innerHeight * 0.46 / Math.max(1, this.info?.layers.length ?? 1)) - gap;
    return Math.max(9, Math.min(64, Math.max(tall, 14), Math.floor(room / heads) - gap));
  }

  draw() {
    const { info, size } = this;
    if (!info) return;
    const heads = Math.max(1, ...info.layers.map((layer) => layer.heads ?? 0));
    const width = 34 + heads * (size + gap);
    const height = 18 + info.layers.length * (size + gap);
    const brush = brushOf(this.canvas, width, height);
    const { theme } = this.app;
    brush.font = `11px ${getComputedStyle(this.canvas).fontFamily}`;
    brush.fillStyle = theme.color('muted');
    brush.textBaseline = 'middle';
    const every = size + gap < 22 ? 4 : 1;
    for (let head = 0; head < heads; head += every) brush.fillText(String(head), 34 + head * (size + gap) + 2, 8);
    brush.imageSmoothingEnabled = false;
    info.layers.forEach((layer, index) => {
      const top = 18 + index * (size + gap);
      if (size > 10 || index % 2 === 0) {
        brush.fillStyle = theme.color(index === this.layer ? 'accent' : 'muted');
        brush.fillText(`L${index}`, 2, top + size / 2);
      }
      for (let head = 0; head < (layer.heads ?? 0); head += 1) this.cell(brush, index, head, 34 + head * (size + gap), top, size);
      if (!layer.heads) { brush.fillStyle = theme.color('muted'); brush.fillText('no attention: a recurrence', 36, top + size / 2); }
    });
  }

  cell(brush, layer, head, left, top, size) {
    const { theme } = this.app;
    const entry = this.layers[layer];
    brush.fillStyle = theme.color('sunken');
    brush.fillRect(left, top, size, size);
    if (entry) {
      const side = entry.about.size;
      entry.images[head] ??= picture(entry.data.subarray(head * side * side, (head + 1) * side * side), side, side, theme);
      brush.drawImage(entry.images[head], left, top, size, size);
    }
    const isSelected = layer === this.layer && head === this.head;
    const isPointed = this.pointed?.layer === layer && this.pointed?.head === head;
    if (isSelected || isPointed) {
      brush.strokeStyle = theme.color(isSelected ? 'accent-fill' : 'muted');
      brush.lineWidth = isSelected ? 2 : 1;
      brush.strokeRect(left - 1, top - 1, size + 2, size + 2);
    }
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const step = this.size + gap;
    const head = Math.floor((event.clientX - box.left - 34) / step);
    const layer = Math.floor((event.clientY - box.top - 18) / step);
    if (layer < 0 || head < 0 || head >= (this.info?.layers[layer]?.heads ?? 0)) return null;
    return { layer, head };
  }

  point(event) {
    const place = this.place(event);
    if (place?.layer === this.pointed?.layer && place?.head === this.pointed?.head) return;
    this.pointed = place;
    const role = place && this.scores(place.layer, place.head)?.role;
    this.canvas.title = place ? `layer ${place.layer}, head ${place.head}${role ? `: ${role}` : ''}` : '';
    this.canvas.style.cursor = place ? 'pointer' : 'default';
    this.later();
  }

  key(event) {
    const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!by || !this.info) return;
    event.preventDefault();
    event.stopPropagation();
    const layer = Math.max(0, Math.min(this.info.layers.length - 1, (this.layer ?? 0) + by[0]));
    const head = Math.max(0, Math.min((this.info.layers[layer].heads ?? 1) - 1, (this.head ?? 0) + by[1]));
    this.choose(layer, head);
  }
}
