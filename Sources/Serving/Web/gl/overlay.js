// What is written over the picture: names that never overlap, numbers in cells, and a small map.

import { title, groupTitle } from './names.js';
import { afterFrame, visibleCells } from './tiles.js';

/** Pixels of a cell from which its number is written. */
const printed = 40;
/**
 * Milliseconds in which names are set anew between two frames, and of a frame after which no number is; names that wait and
 * that are kept. Setting a text costs far more than showing it again.
 */
const most = { milliseconds: 1.5, waiting: 24, kept: 800 };
/** Numbers that a frame sets anew, however late it is, and the size of letters that they are set in and scaled from. */
const lettering = { least: 16, size: 16 };
/** Sizes of letters. */
const sizes = [10.5, 11, 11.5, 12, 12.5, 13, lettering.size];
/** Pixels around a name's letters. */
const margin = 4;
/** Pages of numbers asked for at once, and kept. */
const pages = { asked: 8, kept: 1800 };

export class Overlay {
  constructor(canvas) {
    this.canvas = canvas;
    this.brush = canvas.getContext('2d');
    this.numbers = new Map();
    this.sprites = new Map();
    /** Names that the last frame lacked, by key. */
    this.wanted = new Map();
    this.asking = 0;
    this.theme = null;
  }

  resize(width, height, ratio) {
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    if (ratio !== this.ratio) this.sprites.clear();
    this.ratio = ratio;
    this.width = width;
    this.height = height;
  }

  /** Colours and fonts as CSS text. */
  setTheme(theme) {
    this.theme = theme;
    this.sprites.clear();
    // A font is looked up in the system when it is first used, at each size anew; no frame should wait for that.
    for (const size of sizes) {
      this.brush.font = `500 ${size}px ${theme.font}`;
      this.brush.measureText('0 · name');
    }
  }

  /** Starts a frame; no text is written in `reserved` rectangles `[x, y, width, height]`. */
  begin(reserved = []) {
    this.fresh = 0;
    this.began = performance.now();
    /** Whether texts wait for another frame. */
    this.isBehind = false;
    this.brush.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    this.brush.clearRect(0, 0, this.width, this.height);
    this.taken = reserved.map(([x, y, width, height]) => [x, y, x + width, y + height]);
  }

  /** Reserves a rectangle; false where another text stands. */
  claim(x, y, width, height) {
    for (const [a, b, c, d] of this.taken) if (x < c && x + width > a && y < d && y + height > b) return false;
    this.taken.push([x, y, x + width, y + height]);
    return true;
  }

  /** A text with a quiet ground behind it; false where it has no room, and where it waits for another frame. */
  write(text, x, y, { size = 12, color = this.theme.text, weight = 500, align = 'left', force = false } = {}) {
    const key = `${size} ${weight} ${color} ${text}`;
    const sprite = this.sprites.get(key);
    if (!sprite) {
      this.want(key, [text, size, color, weight]);
      return false;
    }
    const { width } = sprite;
    const left = align === 'center' ? x - width / 2 : align === 'right' ? x - width : x;
    if (left < 2 || left + width > this.width - 2 || y < size + 2 || y > this.height - 2) return false;
    if (!this.claim(left - 4, y - size - 2, width + 8, size + 7) && !force) return false;
    const { canvas } = sprite;
    const sharp = (place) => Math.round(place * this.ratio) / this.ratio;
    this.brush.drawImage(canvas, sharp(left - margin), sharp(y - size - margin), canvas.width / this.ratio, canvas.height / this.ratio);
    return true;
  }

  /** Has a name set after this frame, for the next one. */
  want(key, name) {
    this.isBehind = true;
    if (!this.wanted.size) afterFrame().then(() => this.makeSprites());
    if (this.wanted.size < most.waiting) this.wanted.set(key, name);
  }

  /** Sets the first of the names that wait; the next frame asks for the others again. */
  makeSprites() {
    const start = performance.now();
    for (const [key, name] of this.wanted) {
      this.sprites.set(key, this.sprite(...name));
      if (performance.now() - start > most.milliseconds) break;
    }
    this.wanted.clear();
  }

  /** A text as a picture. */
  sprite(text, size, color, weight) {
    const { ratio, theme } = this;
    const font = `${weight} ${size}px ${theme.font}`;
    this.brush.font = font;
    const width = this.brush.measureText(text).width;
    const canvas = document.createElement('canvas');
    canvas.width = Math.ceil((width + 2 * margin) * ratio);
    canvas.height = Math.ceil((size * 1.4 + 2 * margin) * ratio);
    const brush = canvas.getContext('2d', { willReadFrequently: true });
    brush.scale(ratio, ratio);
    brush.font = font;
    brush.lineJoin = 'round';
    brush.lineWidth = 4;
    brush.strokeStyle = theme.ground;
    brush.strokeText(text, margin, size + margin);
    brush.fillStyle = color;
    brush.fillText(text, margin, size + margin);
    if (this.sprites.size >= most.kept) this.sprites.delete(this.sprites.keys().next().value);
    return { canvas, width };
  }

  /** Names of blocks large enough, largest first, then those of whole layers where blocks are too small. */
  labels(camera, geometries, visible, { focused = [] } = {}) {
    const { theme } = this;
    for (const { title: name, bounds: [x0, y0, x1] } of geometries) {
      if (!name) continue;
      const [x, y] = camera.project((x0 + x1) / 2, y0, 0);
      // Neighbours that are near in the picture are named one above the other.
      [24, 46, 68].some((rise) => this.write(name, x, y - rise, { size: 14, weight: 600, align: 'center' }));
    }
    for (const block of focused) this.label(camera, block, theme.accent, true);
    const names = visible.filter(({ block, scale, high, wide }) => wide > 46 && high > 5 && (block.geometry.gap * scale > 12 || high > 64)).sort((a, b) => b.rank - a.rank);
    let written = 0;
    for (const { block } of names) {
      if (written > 70) break;
      if (this.label(camera, block, block.isWeight ? theme.roles[0] : theme.muted)) written += 1;
    }
    for (const geometry of geometries) this.groupLabels(camera, geometry);
  }

  label(camera, block, color, force = false) {
    const [x, y] = camera.project(block.at[0], block.at[1], block.at[2]);
    const [x1] = camera.project(block.bounds[2], block.at[1], block.at[2]);
    if (x1 < 0 || x > this.width || y < -20 || y > this.height + 20) return false;
    const text = title(block);
    const size = block.geometry.isShape ? 11 : 12;
    return this.write(text, Math.max(x, 6), Math.max(y - 5, size + 4), { color, size, force });
  }

  groupLabels(camera, geometry) {
    const { theme } = this;
    for (const group of geometry.layers) {
      const [x0, y0, x1, y1] = group.box;
      const [left, top] = camera.project(x0, y0, 0);
      const [right, bottom] = camera.project(x1, y1, 0);
      const high = bottom - top;
      if (high < 10 || high > this.height * 1.4 || right < 0 || left > this.width) continue;
      const isLeft = x1 < geometry.offset[0];
      const isMiddle = group.layer === null;
      const y = top + Math.min(high / 2, 400) + 4;
      const size = Math.round(2 * Math.max(10.5, Math.min(13, high / 4))) / 2;
      if (isMiddle) this.write(groupTitle(group), right + 10, y, { size, color: theme.muted });
      else this.write(groupTitle(group), isLeft ? left - 10 : right + 10, y, { size, align: isLeft ? 'right' : 'left', color: theme.muted });
    }
  }

  /** Numbers in the cells of blocks that are near enough; asks `source` for those it lacks. */
  cells(camera, visible, source, changed) {
    let count = 0;
    for (const { block, scale } of visible) {
      if (scale < printed || block.geometry.isShape || !source) continue;
      for (const copy of block.faces()) {
        const at = block.origin(copy);
        const [width, height] = block.sizeOf(copy);
        const range = visibleCells(camera, at, width, height);
        if (!range) continue;
        const box = [Math.floor(range[0]), Math.floor(range[1]), Math.ceil(range[2]), Math.ceil(range[3])];
        if ((box[2] - box[0]) * (box[3] - box[1]) > 1600) continue;
        count += this.cellsOf(camera, block, copy, at, box, scale, source, changed);
        if (count > 1600) return count;
      }
    }
    return count;
  }

  cellsOf(camera, block, copy, at, [c0, r0, c1, r1], scale, source, changed) {
    const page = 32;
    let count = 0;
    const { brush, theme } = this;
    const size = Math.max(9, Math.min(19, scale * 0.235));
    const zoom = size / lettering.size;
    brush.font = `500 ${lettering.size}px ${theme.font}`;
    brush.textAlign = 'center';
    brush.lineWidth = 3 / zoom;
    brush.strokeStyle = theme.cellGround;
    brush.fillStyle = theme.text;
    brush.scale(zoom, zoom);
    for (let pr = Math.floor(r0 / page); pr * page < r1; pr += 1) {
      for (let pc = Math.floor(c0 / page); pc * page < c1; pc += 1) {
        const values = this.page(block, copy, pr * page, pc * page, page, source, changed);
        if (!values) continue;
        for (let r = Math.max(r0, pr * page); r < Math.min(r1, pr * page + values.rows); r += 1) {
          for (let c = Math.max(c0, pc * page); c < Math.min(c1, pc * page + values.columns); c += 1) {
            const [x, y] = camera.project(at[0] + c + 0.5, at[1] + r + 0.5, at[2]);
            if (x < -40 || y < -20 || x > this.width + 40 || y > this.height + 20) continue;
            const text = this.number(values, (r - pr * page) * values.columns + c - pc * page, block.kind === 'index');
            if (text === null) continue;
            brush.strokeText(text, x / zoom, (y + size * 0.35) / zoom);
            brush.fillText(text, x / zoom, (y + size * 0.35) / zoom);
            count += 1;
          }
        }
      }
    }
    brush.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    return count;
  }

  /** A value of a page as text, set once; null where the frame has no time for it. */
  number(values, place, isIndex) {
    const known = values.texts[place];
    if (known !== undefined) return known;
    if (this.fresh >= lettering.least && performance.now() - this.began > most.milliseconds) {
      this.isBehind = true;
      return null;
    }
    this.fresh += 1;
    return (values.texts[place] = short(values.data[place], isIndex));
  }

  page(block, copy, row, column, size, source, changed) {
    const key = `${source.version}/${block.id}/${copy}/${row}/${column}`;
    const known = this.numbers.get(key);
    if (known) return known.data ? known : null;
    // A flight passes many places: those that are still in the picture when there is room are asked for.
    if (this.asking >= pages.asked) return null;
    const [width, height] = block.sizeOf(copy);
    const entry = { columns: Math.min(size, width - column), rows: Math.min(size, height - row), data: null, texts: [] };
    this.numbers.set(key, entry);
    if (this.numbers.size > pages.kept) this.numbers.delete(this.numbers.keys().next().value);
    this.asking += 1;
    afterFrame().then(() => source.values(block, copy, row, column, entry.rows, entry.columns)).then((data) => { entry.data = data; }, () => {}).finally(() => {
      this.asking -= 1;
      changed();
    });
    return null;
  }
}

/** A number as a cell shows it. */
export function short(value, isIndex = false) {
  if (Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value < 0 ? '−∞' : '∞';
  if (isIndex) return String(Math.round(value));
  const size = Math.abs(value);
  const text = size === 0 ? '0' : size >= 1000 ? size.toPrecision(4) : size >= 100 ? size.toFixed(1) : size >= 0.01 ? size.toFixed(size >= 10 ? 2 : 3) : size.toExponential(1).replace('e-', 'e−');
  return (value < 0 ? '−' : '') + text;
}
