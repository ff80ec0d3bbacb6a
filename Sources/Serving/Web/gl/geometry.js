// A scene's blocks as the page needs them: where each copy lies, which cell shows which index, what a ray meets.

const roles = { weight: 0, value: 1, attention: 2, index: 3, stream: 4 };

export class Geometry {
  /** `scene` is the JSON of /api/scene; `offset` moves all of it, `shape` marks a model that has no values. */
  constructor(scene, { offset = [0, 0, 0], isShape = false, title = '' } = {}) {
    this.scene = scene;
    this.title = title;
    this.isShape = isShape;
    this.offset = offset;
    this.gap = scene.gap;
    this.blocks = scene.blocks.map((block) => new Block(block, offset, scene.gap));
    this.bounds = this.blocks.reduce(
      ([x0, y0, x1, y1], block) => {
        const [a, b, c, d] = block.bounds;
        return [Math.min(x0, a), Math.min(y0, b), Math.max(x1, c), Math.max(y1, d)];
      }, [Infinity, Infinity, -Infinity, -Infinity]);
    this.byName = new Map();
    for (const block of this.blocks) {
      if (!this.byName.has(block.name)) this.byName.set(block.name, []);
      this.byName.get(block.name).push(block);
    }
    this.wires = [];
    for (let i = 0; i < scene.wires.length; i += 2) this.wires.push([scene.wires[i], scene.wires[i + 1]]);
    this.feeds = this.blocks.map(() => []);
    for (const [from, to] of this.wires) this.feeds[to].push(from);
    this.layers = this.groups();
  }

  /** Boxes around the embedding, each layer's two sides, and the head: what a far view names. */
  groups() {
    const groups = new Map();
    for (const block of this.blocks) {
      if (block.part === 'stream') continue;
      const key = block.layer === null ? block.part : `${block.layer} ${block.part}`;
      const box = groups.get(key) ?? { layer: block.layer, part: block.part, box: [Infinity, Infinity, -Infinity, -Infinity] };
      const [a, b, c, d] = block.bounds;
      box.box = [Math.min(box.box[0], a), Math.min(box.box[1], b), Math.max(box.box[2], c), Math.max(box.box[3], d)];
      groups.set(key, box);
    }
    return [...groups.values()];
  }

  /** The pass in its order: `{ order, blocks }` of what each operation makes. */
  steps() {
    const places = new Map();
    for (const block of this.blocks) {
      if (block.isWeight) continue;
      if (!places.has(block.order)) places.set(block.order, []);
      places.get(block.order).push(block);
    }
    return [...places].sort(([a], [b]) => a - b).map(([order, blocks]) => ({ order, blocks }));
  }

  /** How many numbers the model has learnt; a weight used in several places counts once. */
  parameters() {
    let sum = 0;
    for (const [block] of this.byName.values()) if (block.isWeight) sum += block.shape.reduce((product, size) => product * size, 1);
    return sum;
  }

  /** What a ray from the eye meets first: `{ block, copy, row, column, at, distance }`. */
  pick(eye, direction) {
    let best = null;
    for (const block of this.blocks) {
      const hit = block.hit(eye, direction, best?.distance ?? Infinity);
      if (hit) best = hit;
    }
    return best;
  }
}

export class Block {
  constructor(json, offset, gap) {
    Object.assign(this, json);
    this.at = [json.at[0] + offset[0], json.at[1] + offset[1], json.at[2] + offset[2]];
    this.width = json.columns[2];
    this.height = json.rows[2];
    const fan = json.fan;
    this.copies = fan ? fan[1] : 1;
    this.chunk = fan ? fan[2] : 1;
    this.step = fan ? fan.slice(4) : [0, 0, 0];
    this.isDeep = this.copies > 1 && this.step[2] !== 0;
    this.isWeight = json.kind === 'weight';
    this.isPattern = json.op === 'attentionPattern' || json.op === 'softmax';
    const attention = json.op.startsWith('attention');
    this.role = this.isWeight ? roles.weight : json.kind === 'index' ? roles.index : attention ? roles.attention : json.part === 'stream' ? roles.stream : roles.value;
    this.thickness = this.isDeep ? -this.step[2] * this.copies : Math.max(1, gap / (this.isWeight ? 6 : 3));
    // Copies of a bank that stand in front of it: `{ copy, at }`.
    this.forward = [];
  }

  get bounds() {
    const [x, y] = this.at;
    return [
      x, y, x + this.width + (this.isDeep ? 0 : this.step[0] * (this.copies - 1)),
      y + this.height + (this.isDeep ? 0 : this.step[1] * (this.copies - 1)),
    ];
  }

  /** Cells of one copy, `[columns, rows]`; the last stretch of a long dimension may be short. */
  sizeOf(copy) {
    const { fan } = this;
    if (!fan || copy < this.copies - 1) return [this.width, this.height];
    const rest = fan[3] - (this.copies - 1) * this.chunk;
    if (fan[0] === this.columns[0]) return [Math.min(this.width, rest), this.height];
    if (fan[0] === this.rows[0]) return [this.width, Math.min(this.height, rest)];
    return [this.width, this.height];
  }

  /** The upper left front corner of a copy, as it stands now. */
  origin(copy) {
    const forward = this.forward.find((entry) => entry.copy === copy);
    if (forward) return forward.at;
    if (this.isDeep) return this.at;
    return [this.at[0] + this.step[0] * copy, this.at[1] + this.step[1] * copy, this.at[2]];
  }

  /** The copies that can be seen from the front, all those of a fan, the first and the chosen ones of a bank. */
  *faces() {
    if (this.isDeep) {
      for (const { copy } of this.forward) yield copy;
      yield 0;
      return;
    }
    for (let copy = 0; copy < this.copies; copy += 1) yield copy;
  }

  hit(eye, direction, nearest) {
    let best = null;
    for (const { copy, at } of this.forward) {
      const found = this.meet(eye, direction, at, nearest);
      if (found) { best = { ...found, copy }; nearest = found.distance; }
    }
    if (best) return best;
    const t = (this.at[2] - eye[2]) / direction[2];
    if (!(t > 0) || t >= nearest) return null;
    const x = eye[0] + direction[0] * t - this.at[0];
    const y = eye[1] + direction[1] * t - this.at[1];
    let copy = 0;
    if (!this.isDeep && this.copies > 1) {
      copy = this.step[0] ? Math.floor(x / this.step[0]) : Math.floor(y / this.step[1]);
      if (copy < 0 || copy >= this.copies) return null;
    }
    return this.within(x - (this.isDeep ? 0 : this.step[0] * copy), y - (this.isDeep ? 0 : this.step[1] * copy), copy, t);
  }

  meet(eye, direction, at, nearest) {
    const t = (at[2] - eye[2]) / direction[2];
    if (!(t > 0) || t >= nearest) return null;
    return this.within(eye[0] + direction[0] * t - at[0], eye[1] + direction[1] * t - at[1], 0, t);
  }

  within(x, y, copy, distance) {
    const [width, height] = this.sizeOf(copy);
    if (x < 0 || y < 0 || x >= width || y >= height) return null;
    return { block: this, copy, row: Math.floor(y), column: Math.floor(x), distance };
  }

  /** The value's index at a cell. */
  index(copy, row, column) {
    const index = this.shape.map(() => 0);
    if (this.rows[0] >= 0) index[this.rows[0]] = this.rows[1] + row;
    if (this.columns[0] >= 0) index[this.columns[0]] = this.columns[1] + column;
    if (this.fan) index[this.fan[0]] += copy * this.chunk;
    return index;
  }
}
