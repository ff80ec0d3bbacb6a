// The picture and its camera: draws when something changed, answers pointers, knows what is in view.

import { Camera } from '../gl/camera.js';
import { SceneRenderer } from '../gl/scene-renderer.js';
import { Tiles } from '../gl/tiles.js';
import { Overlay } from '../gl/overlay.js';
import { readTheme } from './anatomy-theme.js';

export class Stage {
  /** `on` hears `hover(hit, at)`, `select(hit, at)`, `moved()`; a picture that is still is pointed at, not moved. */
  constructor(canvas, overlayCanvas, on, { isStill = false } = {}) {
    this.canvas = canvas;
    this.on = on;
    this.camera = new Camera();
    this.renderer = new SceneRenderer(canvas, isStill ? 32 : 64);
    this.overlay = new Overlay(overlayCanvas);
    this.tiles = new Tiles(this.renderer, () => this.draw());
    this.geometries = [];
    this.visible = [];
    this.focus = [];
    this.orbits = false;
    this.source = null;
    this.frames = [];
    this.request = 0;
    this.pulses = false;
    /** Whether the model's parts are named in the picture. */
    this.isNamed = true;
    /** Pointers that hold the picture, and how far they have moved it. */
    this.pointers = new Map();
    this.moved = 0;
    /** Rectangles of the picture that the page's own parts cover, and how much they take at its edges. */
    this.reserved = [];
    this.insets = {};
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(canvas);
    this.isStill = isStill;
    this.point();
    if (!isStill) this.steer();
    this.retheme();
  }

  retheme() {
    const { gl, overlay } = readTheme(this.canvas);
    this.renderer.setTheme(gl);
    this.overlay.setTheme(overlay);
    this.draw();
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    const ratio = Math.min(2, devicePixelRatio || 1);
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const first = this.camera.width <= 1;
    this.camera.resize(width, height);
    this.overlay.resize(width, height, ratio);
    if (first || this.isStill) this.on.sized?.();
    this.frame(performance.now());
  }

  setGeometries(geometries) {
    this.geometries = geometries;
    this.renderer.setGeometries(geometries);
    this.tiles.forget(true);
    const [x0, y0, x1, y1] = this.bounds();
    this.camera.most = Math.max(x1 - x0, y1 - y0) * 6;
    this.camera.least = 3.2;
    this.draw();
  }

  bounds() {
    return this.geometries.reduce(([x0, y0, x1, y1], { bounds: [a, b, c, d] }) => [Math.min(x0, a), Math.min(y0, b), Math.max(x1, c), Math.max(y1, d)],
      [Infinity, Infinity, -Infinity, -Infinity]);
  }

  /** Shows all of it; `pose` may say otherwise how. */
  home(milliseconds = 800, pose = {}) {
    const [x0, y0, x1, y1] = this.bounds();
    const tall = (y1 - y0) / Math.max(1, x1 - x0) > 2.2;
    this.camera.fly(this.camera.framing([x0, y0, x1, y1], { share: 0.88, yaw: tall ? -0.5 : -0.36, pitch: tall ? 0.1 : 0.14, insets: this.insets, ...pose }), milliseconds);
    this.draw();
  }

  /** Goes where a block (or several) fill much of the picture. */
  frameBlocks(blocks, { share = 0.62, milliseconds = 700, yaw = -0.16, pitch = 0.08 } = {}) {
    if (!blocks.length) return;
    const box = blocks.reduce(([x0, y0, x1, y1], { bounds: [a, b, c, d] }) => [Math.min(x0, a), Math.min(y0, b), Math.max(x1, c), Math.max(y1, d)],
      [Infinity, Infinity, -Infinity, -Infinity]);
    this.camera.fly(this.camera.framing([...box, blocks[0].at[2]], { share, yaw, pitch, insets: this.insets }), milliseconds);
    this.draw();
  }

  /** Draws the picture again under the names that stand: a light is on what is made at `order`, and fades over `glow` before it. */
  shine(order, glow) {
    Object.assign(this.renderer, { order, glow });
    this.renderer.render(this.camera);
  }

  draw() { this.request ||= requestAnimationFrame((now) => this.frame(now)); }

  frame(now) {
    if (this.request) cancelAnimationFrame(this.request);
    this.request = 0;
    const start = performance.now();
    const moving = this.camera.advance(now);
    if (this.pulses) this.renderer.phase = (now / 900) % 1;
    this.hold();
    this.see();
    this.tiles.update(this.camera, this.visible, this.renderer.order);
    this.renderer.render(this.camera);
    this.overlay.begin(this.reserved);
    const numbers = this.overlay.cells(this.camera, this.visible, this.source, () => this.draw());
    this.overlay.labels(this.camera, this.isNamed ? this.geometries : [], numbers > 200 || this.isStill ? [] : this.visible, { focused: this.focus });
    this.on.painted?.(this.overlay, this.camera);
    this.frames.push(performance.now() - start);
    if (this.frames.length > 240) this.frames.shift();
    if (moving || this.pulses || this.overlay.isBehind) this.draw();
  }

  /** Which blocks are in the picture, and how large their cells are there. */
  see() {
    const { camera } = this;
    const list = [];
    const unit = camera.height * camera.f / 2;
    for (const { blocks } of this.geometries) {
      for (const block of blocks) {
        const [x0, y0, x1, y1] = block.bounds;
        const z = block.at[2];
        const [ax, ay, ad] = camera.project(x0, y0, z);
        const [bx, by, bd] = camera.project(x1, y1, z);
        if (ad <= 0 && bd <= 0) continue;
        if (ad > 0 && bd > 0) {
          const margin = 0.4 * (Math.abs(bx - ax) + Math.abs(by - ay)) + 4;
          if (Math.max(ax, bx) < -margin || Math.min(ax, bx) > camera.width + margin || Math.max(ay, by) < -margin || Math.min(ay, by) > camera.height + margin) continue;
        }
        const depth = Math.max(1e-3, nearest(camera, x0, y0, x1, y1, z));
        const scale = unit / depth;
        const wide = Math.abs(bx - ax);
        const high = Math.abs(by - ay);
        const area = block.width * block.height * block.copies * scale * scale;
        if (area < 3) continue;
        list.push({ block, scale, wide, high, area, rank: Math.min(wide, 2000) * Math.sqrt(Math.max(1, high)) * (block.role === 4 ? 1.6 : block.isWeight ? 1 : 1.3) });
      }
    }
    this.visible = list;
  }

  /** Brings the nearest block back where none is left in the picture. */
  hold() {
    const { camera } = this;
    if (camera.flight || !this.geometries.length) return;
    const corners = [[0, 0], [1, 0], [0, 1], [1, 1]].map(([x, y]) => camera.meet(x * camera.width, y * camera.height, camera.target[2]));
    if (corners.some((corner) => !corner)) return;
    const range = (axis) => { const all = corners.map((corner) => corner[axis]); return [Math.min(...all), Math.max(...all)]; };
    const [[left, right], [top, bottom]] = [range(0), range(1)];
    let [best, way] = [null, Infinity];
    for (const { blocks } of this.geometries) {
      for (const block of blocks) {
        const [x0, y0, x1, y1] = block.bounds;
        const dx = Math.max(x0 - right, left - x1, 0);
        const dy = Math.max(y0 - bottom, top - y1, 0);
        if (dx === 0 && dy === 0) return;
        if (dx + dy < way) { way = dx + dy; best = [x0 > right ? dx : left > x1 ? -dx : 0, y0 > bottom ? dy : top > y1 ? -dy : 0]; }
      }
    }
    const inside = (span) => (span[1] - span[0]) * 0.2;
    camera.target[0] += best[0] + Math.sign(best[0]) * inside([left, right]);
    camera.target[1] += best[1] + Math.sign(best[1]) * inside([top, bottom]);
    camera.update();
  }

  pickAt(px, py) {
    const { camera } = this;
    const direction = camera.ray(px, py);
    let best = null;
    for (const geometry of this.geometries) {
      const hit = geometry.pick(camera.eye, direction);
      if (hit && (!best || hit.distance < best.distance)) best = hit;
    }
    return best;
  }

  /** Pixels of a pointer in the picture. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** What the pointer is on, and what it chooses. */
  point() {
    const { canvas } = this;
    const tell = (name) => (event) => { const at = this.at(event); this.on[name](this.pickAt(...at), at); };
    const [hover, select] = [tell('hover'), tell('select')];
    canvas.addEventListener('pointermove', (event) => { if (!this.pointers.has(event.pointerId)) hover(event); });
    canvas.addEventListener('pointerleave', () => this.on.hover(null));
    canvas.addEventListener('click', (event) => { if (this.moved < 6) select(event); });
    canvas.addEventListener('webglcontextlost', (event) => { event.preventDefault(); this.on.lost?.(); });
  }

  /** Drags, pinches and wheels move the camera. */
  steer() {
    const { canvas, camera, pointers } = this;
    let pinch = 0;
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, this.at(event));
      camera.flight = null;
      if (pointers.size === 1) this.moved = 0;
      pinch = 0;
    });
    canvas.addEventListener('pointermove', (event) => {
      const now = this.at(event);
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
      this.moved += Math.abs(dx) + Math.abs(dy);
      pointers.set(event.pointerId, now);
      if (pointers.size === 1) {
        if (this.orbits !== (event.shiftKey || event.ctrlKey || (event.buttons & 6) !== 0)) camera.orbit(dx, dy);
        else camera.pan(dx, dy);
      } else if (pointers.size === 2) {
        const [a, b] = [...pointers.values()];
        const length = Math.hypot(a[0] - b[0], a[1] - b[1]);
        camera.pan(dx / 2, dy / 2);
        if (pinch) camera.zoom(length / pinch, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2);
        pinch = length;
      }
      this.on.moved();
      this.draw();
    });
    const end = (event) => { pointers.delete(event.pointerId); pinch = 0; };
    canvas.addEventListener('pointerup', end);
    canvas.addEventListener('pointercancel', end);
    canvas.addEventListener('contextmenu', (event) => event.preventDefault());
    canvas.addEventListener('dblclick', (event) => {
      const hit = this.pickAt(...this.at(event));
      if (hit) this.frameBlocks([hit.block]); else this.home();
    });
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      camera.flight = null;
      const [px, py] = this.at(event);
      const lines = event.deltaMode === 1 ? 20 : 1;
      if (event.shiftKey) camera.orbit(-event.deltaX - event.deltaY, 0);
      else camera.zoom(Math.exp(-Math.max(-240, Math.min(240, event.deltaY * lines)) * 0.0022), px, py, this.pickAt(px, py)?.block.at[2] ?? camera.target[2]);
      this.on.moved();
      this.draw();
    }, { passive: false });
  }

  free() {
    this.observer.disconnect();
    cancelAnimationFrame(this.request);
    this.request = 1;
    this.renderer.free();
  }
}

/** The depth of the point of a rectangle that is nearest to the middle of the picture. */
function nearest(camera, x0, y0, x1, y1, z) {
  const middle = camera.meet(camera.width / 2, camera.height / 2, z) ?? camera.target;
  const x = Math.max(x0, Math.min(x1, middle[0]));
  const y = Math.max(y0, Math.min(y1, middle[1]));
  return camera.project(x, y, z)[2];
}
