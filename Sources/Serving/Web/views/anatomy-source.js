// Values of a scene from the server: pictures of whole blocks, tiles, numbers, single cells.

import { tileSize } from '../gl/scene-renderer.js';

/** Pictures of weights, kept while a text grows. */
const weightPictures = new Map();

export class SceneSource {
  /** Routes below which pictures are asked for. */
  path = '/api/scene';

  /** `session` null shows weights only; `tokens` is how many of the text's tokens the scene has. */
  constructor(app, geometry, session, tokens) {
    this.app = app;
    this.geometry = geometry;
    this.place = session ? { session, tokens } : { tokens };
    this.version = `${app.model?.id}/${app.model?.loaded}/${session ?? ''}/${tokens}`;
    this.model = `${app.model?.id}/${app.model?.loaded}`;
    this.control = new AbortController();
    this.cells = new Map();
  }

  close() { this.control.abort(); }

  get isClosed() { return this.control.signal.aborted; }

  /** Size and reduction of a block's picture in cells of `size` texels. */
  static reduction(block, size) {
    const across = Math.max(0, Math.ceil(Math.log2(block.width / size)));
    const down = Math.max(0, Math.ceil(Math.log2(block.height / size)));
    return { across, down, width: Math.ceil(block.width / 2 ** across), height: Math.ceil(block.height / 2 ** down) };
  }

  pictureKey(block, size) { return `${this.model}/${block.name}/${block.columns.join()}/${block.rows.join()}/${size}`; }

  /** A picture that is known already. */
  known(block, size) { return block.isWeight ? weightPictures.get(this.pictureKey(block, size)) ?? null : null; }

  /** Pictures of blocks, each of all its copies (a bank's first alone). */
  async pictures(blocks, size) {
    const parts = blocks.map((block) => ({ block, ...SceneSource.reduction(block, size) }));
    const items = parts.map(({ block, across, down, width, height }) => [block.id, block.isDeep ? 0 : -1, across, down, 0, 0, width, height]);
    const { bytes, about } = await this.app.api.binary(`${this.path}/tiles`, { ...this.place, items, side: size }, this.control.signal);
    let at = 0;
    return parts.map(({ block, width, height, across, down }, i) => {
      const count = width * height * (block.isDeep ? 1 : block.copies);
      const data = new Uint8Array(bytes, at, count);
      at += count;
      const picture = { data, width, height, range: about.ranges[i], isEstimate: about.estimates[i], cells: [2 ** across, 2 ** down] };
      if (block.isWeight && picture.range) {
        if (weightPictures.size > 4000) weightPictures.clear();
        weightPictures.set(this.pictureKey(block, size), picture);
      }
      return picture.range ? picture : null;
    });
  }

  /** Tiles `{ block, copy, level, x, y }`; null for those without values. */
  async tiles(requests) {
    const parts = requests.map(({ block, copy, level, x, y }) => {
      const [width, height] = block.sizeOf(copy);
      const texels = (cells, place) => Math.min(tileSize, Math.ceil((cells - place * tileSize * 2 ** level) / 2 ** level));
      return { block, width: texels(width, x), height: texels(height, y), item: [block.id, copy, level, level, x * tileSize, y * tileSize] };
    });
    const items = parts.map(({ item, width, height }) => [...item, width, height]);
    const { bytes, about } = await this.app.api.binary(`${this.path}/tiles`, { ...this.place, items }, this.control.signal);
    let at = 0;
    return parts.map(({ width, height }, i) => {
      const data = new Uint8Array(bytes, at, width * height);
      at += width * height;
      return about.ranges[i] ? { data, width, height, range: about.ranges[i] } : null;
    });
  }

  async values(block, copy, row, column, rows, columns) {
    const { data } = await this.app.api.binary('/api/scene/values', { ...this.place, block: block.id, copy, row, column, rows, columns }, this.control.signal);
    return data;
  }

  /** One cell with its rule and sources; the same promise for the same cell. */
  cell(block, copy, row, column) {
    const key = `${block.id}/${copy}/${row}/${column}`;
    let known = this.cells.get(key);
    if (!known) {
      known = this.app.api.json('/api/scene/cell', { ...this.place, block: block.id, copy, row, column }, this.control.signal);
      if (this.cells.size > 400) this.cells.clear();
      this.cells.set(key, known);
      known.catch(() => this.cells.delete(key));
    }
    return known;
  }
}
