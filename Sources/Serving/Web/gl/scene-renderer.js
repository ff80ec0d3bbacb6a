// Draws scenes: slabs with pictures of their values, wires, tiles where one is near, marks on cells.
// Where values come from is not its business: it is handed pictures and tiles of bytes (0 none, 1…255 for −range…range).

import * as sources from './shaders.js';
import { program, Instances, split, slab, square, strip } from './programs.js';

const atlasSize = 2048;
export const tileSize = 128;
const zero3 = new Float32Array(3);

export class SceneRenderer {
  /** Pictures of blocks have at most `sharpest` elements a side. */
  constructor(canvas, sharpest = 64) {
    this.sharpest = sharpest;
    const gl = canvas.getContext('webgl2', { antialias: true, alpha: false, powerPreference: 'high-performance' });
    if (!gl) throw new Error('This browser has no WebGL2, which the anatomy needs.');
    this.gl = gl;
    this.canvas = canvas;
    this.programs = Object.fromEntries(Object.entries(sources).map(([name, source]) => [name, program(gl, source)]));
    this.slabs = new Instances(gl, slab, 4, [3, 3, 3, 4, 4, 1]);
    this.extra = new Instances(gl, slab, 4, [3, 3, 3, 4, 4, 1]);
    this.wires = new Instances(gl, strip, 2, [3, 3, 3, 4]);
    this.tiles = new Instances(gl, square, 2, [3, 3, 2, 4, 2]);
    this.marks = new Instances(gl, square, 2, [3, 3, 2, 2]);
    this.layers = Math.min(512, gl.getParameter(gl.MAX_ARRAY_TEXTURE_LAYERS));
    this.atlas = this.texture(gl.TEXTURE_2D);
    gl.texStorage2D(gl.TEXTURE_2D, 4, gl.R8, atlasSize, atlasSize);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    this.pool = this.texture(gl.TEXTURE_2D_ARRAY);
    gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 1, gl.R8, tileSize, tileSize, this.layers);
    gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    this.geometries = [];
    this.instances = [];
    this.order = Infinity;
    this.phase = 0;
    this.isActive = false;
    /** Over how many orders the light of a pass fades; 0 has none, and what is made later is dim. */
    this.glow = 0;
    this.theme = null;
    this.dirtyAtlas = false;
    this.roomTiles = new Float32Array(this.layers * 14);
    this.roomMarks = new Float32Array(2048 * 10);
  }

  texture(target) {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.bindTexture(target, texture);
    gl.texParameteri(target, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(target, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    return texture;
  }

  /** Colours as `{ ground, line, accent, negative, zero, positive, share, roles: [5] }`, each `[r, g, b]` of 0…1. */
  setTheme(theme) { this.theme = theme; }

  /** What is drawn from now on; pictures are forgotten. */
  setGeometries(geometries) {
    this.geometries = geometries;
    const total = geometries.reduce((sum, { blocks }) => sum + blocks.reduce((count, block) => count + (block.isDeep ? 1 : block.copies), 0), 0);
    const room = geometries.filter((geometry) => !geometry.isShape)
      .reduce((sum, { blocks }) => sum + blocks.reduce((count, block) => count + (block.isDeep ? 1 : block.copies), 0), 0);
    this.pictureSize = [64, 32, 16, 8].find((size) => size <= this.sharpest && (atlasSize / size) ** 2 >= room) ?? 8;
    const data = new Float32Array(total * 18);
    let at = 0;
    let picture = 0;
    for (const geometry of geometries) {
      for (const block of geometry.blocks) {
        block.geometry = geometry;
        block.firstInstance = at;
        block.firstPicture = geometry.isShape ? -1 : picture;
        for (let copy = 0; copy < (block.isDeep ? 1 : block.copies); copy += 1) {
          const [width, height] = block.sizeOf(copy);
          this.write(data, at, block, [block.at[0] + (block.isDeep ? 0 : block.step[0] * copy), block.at[1] + (block.isDeep ? 0 : block.step[1] * copy), block.at[2]], [width, height, block.thickness]);
          at += 1;
          if (!geometry.isShape) picture += 1;
        }
      }
    }
    this.data = data;
    this.slabs.fill(data, total);
    this.fillWires();
    this.extra.fill(new Float32Array(0), 0);
    this.focused = [];
  }

  write(data, at, block, origin, size) {
    const base = at * 18;
    split(data, base, origin);
    data.set(size, base + 6);
    data.set([block.role, block.geometry?.isShape ? -1 : block.order, block.isDeep ? block.copies : 1, block.isPattern ? 1 : 0], base + 9);
    data.fill(0, base + 13, base + 18);
  }

  /** Puts a block's pictures in the atlas: `data [copies][height][width]` bytes. */
  setPicture(block, { data, width, height }) {
    if (block.firstPicture < 0) return;
    const { gl, pictureSize: size } = this;
    const across = atlasSize / size;
    gl.bindTexture(gl.TEXTURE_2D, this.atlas);
    const count = block.isDeep ? 1 : block.copies;
    for (let copy = 0; copy < count; copy += 1) {
      const place = block.firstPicture + copy;
      if (place >= across * across) break;
      const [x, y] = [place % across * size, Math.floor(place / across) * size];
      const part = data.subarray(copy * width * height, (copy + 1) * width * height);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, x, y, width, height, gl.RED, gl.UNSIGNED_BYTE, part);
      const base = (block.firstInstance + copy) * 18;
      const [wide, high] = block.sizeOf(copy);
      this.data.set([x, y, width * wide / block.width, height * high / block.height], base + 13);
    }
    this.slabs.change(block.firstInstance, this.data.subarray(block.firstInstance * 18, (block.firstInstance + count) * 18));
    this.dirtyAtlas = true;
  }

  /** Rings around blocks: a list of blocks. */
  setFocus(blocks) {
    const mark = (block, value) => {
      for (let copy = 0; copy < (block.isDeep ? 1 : block.copies); copy += 1) {
        const at = (block.firstInstance + copy) * 18 + 17;
        this.data[at] = value;
      }
      const count = block.isDeep ? 1 : block.copies;
      this.slabs.change(block.firstInstance, this.data.subarray(block.firstInstance * 18, (block.firstInstance + count) * 18));
    };
    for (const block of this.focused) mark(block, 0);
    this.focused = blocks;
    for (const block of blocks) mark(block, 1);
  }

  /** Copies that stand in front of their banks, from `block.forward`. */
  setForward(blocks) {
    const entries = blocks.flatMap((block) => block.forward.map((entry) => ({ block, ...entry })));
    const data = new Float32Array(entries.length * 18);
    entries.forEach(({ block, at }, place) => {
      this.write(data, place, block, at, [block.width, block.height, Math.max(1, block.geometry.gap / 6)]);
      data[place * 18 + 11] = 1;
    });
    this.extra.fill(data, entries.length);
  }

  /** Wires go down from a block, across above the next one, and into it. */
  fillWires() {
    const parts = [];
    for (const geometry of this.geometries) {
      for (const [from, to] of geometry.wires) {
        const [a, b] = [geometry.blocks[from], geometry.blocks[to]];
        const [a0, , a1, a3] = a.bounds;
        const [b0, b1, b2] = b.bounds;
        const start = [(a0 + a1) / 2, a3];
        const end = [(b0 + b2) / 2, b1];
        const y = end[1] - geometry.gap / 4;
        const z = Math.min(a.at[2], b.at[2]) - geometry.gap / 4;
        const points = y > start[1] ? [start, [start[0], y], [end[0], y], end] : [start, end];
        const lengths = points.slice(1).map((point, i) => Math.hypot(point[0] - points[i][0], point[1] - points[i][1]));
        const whole = lengths.reduce((sum, length) => sum + length, 0);
        let before = 0;
        lengths.forEach((length, i) => {
          if (length > 0) parts.push([points[i], points[i + 1], z, before, geometry.isShape ? -1 : b.order, a.role === 4 && b.role === 4 ? 1.6 : 0.8, whole]);
          before += length;
        });
      }
    }
    const data = new Float32Array(parts.length * 13);
    parts.forEach(([from, to, z, before, order, width, whole], place) => {
      const base = place * 13;
      split(data, base, [from[0], from[1], z]);
      data.set([to[0] - from[0], to[1] - from[1], 0, before, order, width, whole], base + 6);
    });
    this.wires.fill(data, parts.length);
  }

  /** A tile's bytes into a layer of the pool. */
  setTile(layer, { data, width, height }) {
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.pool);
    gl.texSubImage3D(gl.TEXTURE_2D_ARRAY, 0, 0, 0, layer, width, height, 1, gl.RED, gl.UNSIGNED_BYTE, data);
  }

  /** Tiles to draw: `{ at, size, texels, layer, cells, isShare, isLater }`. */
  setTiles(list) {
    const data = this.roomTiles;
    const count = Math.min(list.length, this.layers);
    for (let i = 0; i < count; i += 1) {
      const tile = list[i];
      const base = i * 14;
      split(data, base, tile.at);
      data[base + 6] = tile.size[0]; data[base + 7] = tile.size[1];
      data[base + 8] = tile.texels[0]; data[base + 9] = tile.texels[1];
      data[base + 10] = tile.layer; data[base + 11] = tile.cells;
      data[base + 12] = tile.isShare ? 1 : 0; data[base + 13] = tile.isLater ? 1 : 0;
    }
    this.tiles.fill(data, count);
  }

  /** Rectangles of cells to light: `{ at, size, line, fill }`. */
  setMarks(list) {
    const data = this.roomMarks;
    const count = Math.min(list.length, 2048);
    for (let i = 0; i < count; i += 1) {
      const { at, size, line, fill } = list[i];
      split(data, i * 10, at);
      data.set([size[0], size[1], line, fill], i * 10 + 6);
    }
    this.marks.fill(data, count);
  }

  use(name, camera) {
    const { gl, theme } = this;
    const { program, uniforms: u } = this.programs[name];
    gl.useProgram(program);
    gl.uniformMatrix4fv(u.uMatrix, false, camera.matrix);
    const high = camera.eye.map(Math.fround);
    gl.uniform3fv(u.uEyeHigh, high);
    gl.uniform3fv(u.uEyeLow, camera.eye.map((value, i) => value - high[i]));
    const set = (name, value) => { if (u[name]) gl.uniform3fv(u[name], value ?? zero3); };
    set('uNegative', theme.negative); set('uZero', theme.zero); set('uPositive', theme.positive); set('uShare', theme.share);
    set('uGround', theme.ground); set('uLine', theme.line); set('uAccent', theme.accent);
    if (u.uRoles) gl.uniform3fv(u.uRoles, theme.roles.flat());
    if (u.uOrder) gl.uniform1f(u.uOrder, Math.min(this.order, 1e9));
    if (u.uGlow) gl.uniform1f(u.uGlow, this.glow);
    return u;
  }

  render(camera) {
    const { gl, theme } = this;
    if (!theme || gl.isContextLost()) return;
    if (this.dirtyAtlas) {
      gl.bindTexture(gl.TEXTURE_2D, this.atlas);
      gl.generateMipmap(gl.TEXTURE_2D);
      this.dirtyAtlas = false;
    }
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(...theme.ground, 1);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    gl.disable(gl.BLEND);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.atlas);
    let u = this.use('slabs', camera);
    gl.uniform1i(u.uAtlas, 0);
    gl.uniform1f(u.uAtlasSize, atlasSize);
    this.slabs.draw();
    this.extra.draw();
    if (this.tiles.count) {
      u = this.use('tiles', camera);
      gl.activeTexture(gl.TEXTURE1);
      gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.pool);
      gl.uniform1i(u.uTiles, 1);
      this.tiles.draw();
    }
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.depthMask(false);
    u = this.use('wires', camera);
    gl.uniform2f(u.uPixels, this.canvas.width, this.canvas.height);
    gl.uniform1f(u.uRatio, this.canvas.width / camera.width * 2);
    gl.uniform1f(u.uPhase, this.phase);
    gl.uniform1f(u.uActive, this.isActive ? 1 : 0);
    this.wires.draw();
    if (this.marks.count) {
      this.use('marks', camera);
      this.marks.draw();
    }
    gl.depthMask(true);
    gl.bindVertexArray(null);
  }

  free() {
    for (const part of [this.slabs, this.extra, this.wires, this.tiles, this.marks]) part.free();
    this.gl.deleteTexture(this.atlas);
    this.gl.deleteTexture(this.pool);
    this.gl.getExtension('WEBGL_lose_context')?.loseContext();
  }
}
