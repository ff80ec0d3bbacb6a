// Which tiles a view needs, from coarse to fine: what is there is drawn, what is missing is asked for, nearest first.

import { tileSize } from './scene-renderer.js';

/** Pixels that one texel should have at least. */
const fine = 1.4;
/** Milliseconds of a frame in which tiles that came are put in. */
const most = 2;

/** Resolves when the present frame is out: what is asked of a server costs it nothing. */
export const afterFrame = () => new Promise((done) => setTimeout(done));

export class Tiles {
  /** `source.tiles(requests)` gives bytes for each `{ block, copy, level, x, y }`; `changed()` asks for another frame. */
  constructor(renderer, changed) {
    this.renderer = renderer;
    this.changed = changed;
    this.source = null;
    this.layers = new Map();
    this.free = Array.from({ length: renderer.layers }, (_, layer) => layer);
    this.waiting = new Map();
    this.refused = new Map();
    /** Tiles that came and are not put in yet, `[request, tile]`. */
    this.arrived = [];
    this.wanted = null;
    this.asking = 0;
    this.frame = 0;
  }

  /** Forgets tiles of values, or all; weights never change. */
  forget(all = false) {
    for (const [key, entry] of this.layers) {
      if (all || !entry.block.isWeight) {
        this.layers.delete(key);
        this.free.push(entry.layer);
      }
    }
    this.refused.clear();
    this.waiting.clear();
    this.arrived = [];
    if (this.wanted) this.wanted = [];
  }

  /** Chooses tiles for a view of blocks `{ block, scale }`, `scale` being pixels a cell. */
  update(camera, visible, order) {
    this.frame += 1;
    this.take();
    const draws = [];
    const missing = [];
    for (const { block, scale } of visible) {
      if (block.geometry.isShape) continue;
      const size = this.renderer.pictureSize;
      const coarse = Math.max(block.width, block.height) / size;
      if (Math.min(block.width / size, 1) * scale < fine && Math.min(block.height / size, 1) * scale < fine && coarse * scale < fine * 1.5) continue;
      if (block.width <= size && block.height <= size && scale < 6) continue;
      const level = Math.max(0, Math.ceil(Math.log2(fine / scale)));
      for (const copy of block.faces()) this.collect(camera, block, copy, level, scale, order, draws, missing);
    }
    missing.sort((a, b) => b.weight - a.weight);
    this.renderer.setTiles(draws);
    this.want(missing);
  }

  /** Puts in what came while the frame has time for it; the coarser picture stays until then. */
  take() {
    const start = performance.now();
    while (this.arrived.length && performance.now() - start < most) {
      const [request, tile] = this.arrived.shift();
      this.waiting.delete(request.key);
      this.keep(request, tile);
    }
    if (this.arrived.length) this.changed();
  }

  collect(camera, block, copy, level, scale, order, draws, missing) {
    const at = block.origin(copy);
    const [width, height] = block.sizeOf(copy);
    const cells = 2 ** level;
    const span = cells * tileSize;
    const range = visibleCells(camera, at, width, height);
    if (!range) return;
    const [c0, r0, c1, r1] = range;
    for (let y = Math.floor(r0 / span); y * span < r1; y += 1) {
      for (let x = Math.floor(c0 / span); x * span < c1; x += 1) {
        if (draws.length >= this.renderer.layers - 8) return;
        const key = `${block.geometry.scene.id ?? ''}/${block.id}/${copy}/${level}/${x}/${y}`;
        const entry = this.layers.get(key);
        if (entry) {
          entry.frame = this.frame;
          draws.push({
            at: [at[0] + x * span, at[1] + y * span, at[2]],
            size: [Math.min(span, width - x * span), Math.min(span, height - y * span)],
            texels: [entry.width, entry.height], layer: entry.layer, cells, isShare: block.isPattern,
            isLater: !block.isWeight && block.order > order,
          });
        } else if (!this.waiting.has(key) && !this.refused.has(key)) {
          const [px, py] = camera.project(at[0] + (x + 0.5) * span, at[1] + (y + 0.5) * span, at[2]);
          const off = Math.hypot(px - camera.width / 2, py - camera.height / 2);
          missing.push({ key, block, copy, level, x, y, weight: scale * cells * 1000 - off });
        }
      }
    }
  }

  /** Asks after the frame for what the latest one lacks. */
  async want(missing) {
    const isAsked = Boolean(this.wanted);
    this.wanted = missing.length || isAsked ? missing : null;
    if (isAsked || !this.wanted) return;
    await afterFrame();
    const { wanted } = this;
    this.wanted = null;
    this.ask(wanted);
  }

  async ask(missing) {
    if (!this.source || this.asking >= 2 || !missing.length) return;
    const batch = missing.slice(0, 24);
    const source = this.source;
    for (const { key } of batch) this.waiting.set(key, true);
    this.asking += 1;
    try {
      const answers = await source.tiles(batch);
      if (source !== this.source) return;
      batch.forEach((request, i) => {
        if (!this.waiting.has(request.key)) return;
        if (answers[i]) { this.arrived.push([request, answers[i]]); return; }
        this.waiting.delete(request.key);
        this.refused.set(request.key, true);
      });
    } catch (error) {
      for (const { key } of batch) { this.waiting.delete(key); this.refused.set(key, true); }
      if (error.name !== 'AbortError') console.warn(error.message);
    } finally {
      this.asking -= 1;
      this.changed();
    }
  }

  keep({ key, block }, tile) {
    let layer = this.free.pop();
    if (layer === undefined) {
      let oldest = null;
      for (const [other, entry] of this.layers) if (!oldest || entry.frame < this.layers.get(oldest).frame) oldest = other;
      layer = this.layers.get(oldest).layer;
      this.layers.delete(oldest);
    }
    this.renderer.setTile(layer, tile);
    this.layers.set(key, { layer, width: tile.width, height: tile.height, frame: this.frame, block, range: tile.range });
  }
}

/** Columns and rows of a rectangle that lie in the picture, `[first, first, end, end]`; null where none do. */
export function visibleCells(camera, at, width, height) {
  let [c0, r0, c1, r1] = [Infinity, Infinity, -Infinity, -Infinity];
  const w = camera.width;
  const h = camera.height;
  for (const [px, py] of [[0, 0], [w, 0], [0, h], [w, h]]) {
    const point = camera.meet(px, py, at[2]);
    if (!point) return [0, 0, width, height];
    c0 = Math.min(c0, point[0] - at[0]); c1 = Math.max(c1, point[0] - at[0]);
    r0 = Math.min(r0, point[1] - at[1]); r1 = Math.max(r1, point[1] - at[1]);
  }
  if (c1 < 0 || r1 < 0 || c0 >= width || r0 >= height) return null;
  return [Math.max(0, c0), Math.max(0, r0), Math.min(width, c1), Math.min(height, r1)];
}
