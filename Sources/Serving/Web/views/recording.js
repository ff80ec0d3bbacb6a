// What the lens knows of the text in the making: asked for once, then remembered for as long as the text stands.

import { bytes } from '../components/format.js';

/** Asks the lens about one text; answers of a text that went back or changed are forgotten. */
export class Recording {
  constructor(app) {
    this.app = app;
    this.control = new AbortController();
    this.cache = new Map();
    this.info = null;
  }

  get session() { return this.app.text.session; }

  close() { this.control.abort(); }

  /** What is recorded: positions, layers with their heads, memory; null where there is no text yet. */
  async describe() {
    const { session } = this;
    if (!session) return null;
    const info = await this.app.api.json(`/api/recording?session=${session}`, undefined, this.control.signal);
    if (info.session !== this.info?.session || info.version !== this.info?.version) this.cache.clear();
    this.info = info;
    // The timeline marks what the memory's budget left out.
    if (this.app.recorded?.session !== session || this.app.recorded.dropped !== info.dropped) {
      this.app.recorded = { session, dropped: info.dropped };
      this.app.announce({ recorded: true });
    }
    return info;
  }

  path(route, fields) {
    const query = new URLSearchParams({ session: this.session });
    for (const [name, value] of Object.entries(fields)) if (value !== undefined && value !== null) query.set(name, value);
    return `/api/${route}?${query}`;
  }

  /** A JSON answer, the same one where the same was asked before; waits while the model is busy with tokens. */
  json(route, fields, signal) { return this.once('json', route, fields, signal); }

  /** `{ data, about }` of a binary answer. */
  binary(route, fields, signal) { return this.once('binary', route, fields, signal); }

  once(form, route, fields, signal = this.control.signal) {
    const path = this.path(route, fields);
    const known = this.cache.get(path);
    if (known) return known;
    const answer = this.ask(form, path, signal);
    this.cache.set(path, answer);
    answer.catch(() => this.cache.delete(path));
    if (this.cache.size > 600) this.cache.delete(this.cache.keys().next().value);
    return answer;
  }

  async ask(form, path, signal) {
    for (;;) {
      const answer = await this.app.api[form](path, undefined, signal);
      if (!(answer.waiting ?? answer.about?.waiting)) return answer;
      await new Promise((done) => setTimeout(done, 250));
      if (signal.aborted || this.control.signal.aborted) throw new DOMException('given up', 'AbortError');
    }
  }
}

/** What is held of the text and what the budget made it drop, in words. */
export function held(info) {
  const memory = `${info.positions} tokens recorded in ${bytes(info.bytes)} of the ${bytes(info.budget)} budget`;
  if (!info.dropped) return `${memory}.`;
  return `${memory}; the inner values of the first ${info.dropped} made room for later ones: they are worked out again when looked at, which takes longer.`;
}

/** Whether an error only says that nobody waits for an answer any more. */
export function isOver(error) { return error?.name === 'AbortError'; }

/** Calls `body` soon, once for many calls; at most every `pause` milliseconds. */
export function throttled(body, pause) {
  let timer = 0;
  let last = 0;
  const later = () => {
    if (timer) return;
    timer = setTimeout(() => { timer = 0; last = performance.now(); body(); }, Math.max(0, last + pause - performance.now()));
  };
  later.cancel = () => { clearTimeout(timer); timer = 0; };
  return later;
}

/** A canvas's brush in CSS pixels, the canvas sized for the screen. */
export function brushOf(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const brush = canvas.getContext('2d');
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  brush.clearRect(0, 0, width, height);
  return brush;
}

/** A picture of weights 0…1 as an image; the scale is the square root, so that small weights are seen. */
export function picture(values, width, height, theme) {
  const canvas = new OffscreenCanvas(width, height);
  const brush = canvas.getContext('2d');
  const image = brush.createImageData(width, height);
  const from = theme.channels('sunken');
  const to = theme.channels('sequential');
  for (let index = 0; index < width * height; index += 1) {
    const share = Math.sqrt(Math.max(0, Math.min(1, values[index])));
    for (let channel = 0; channel < 3; channel += 1) {
      image.data[index * 4 + channel] = from[channel] + (to[channel] - from[channel]) * share;
    }
    image.data[index * 4 + 3] = 255;
  }
  brush.putImageData(image, 0, 0);
  return canvas;
}
