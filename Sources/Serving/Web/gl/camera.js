// A camera that looks at a point of the scene: pan, orbit, zoom to the pointer, and flights that explain.
// The scene's y runs down; positions are numbers in double precision and become relative to the eye before they are drawn.

const fieldOfView = 36 * Math.PI / 180;
const ease = (t) => (t < 0.5 ? 4 * t * t * t : 1 - (2 - 2 * t) ** 3 / 2);

export class Camera {
  constructor() {
    this.target = [0, 0, 0];
    this.distance = 1000;
    this.yaw = 0;
    this.pitch = 0;
    this.width = 1;
    this.height = 1;
    this.least = 4;
    this.most = 1e7;
    this.flight = null;
    this.matrix = new Float32Array(16);
    this.update();
  }

  resize(width, height) {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.update();
  }

  /** Pixels a unit has at the target. */
  get scale() { return this.height / (2 * Math.tan(fieldOfView / 2) * this.distance); }

  update() {
    const { yaw, pitch, distance } = this;
    const [sy, cy, sp, cp] = [Math.sin(yaw), Math.cos(yaw), Math.sin(pitch), Math.cos(pitch)];
    // Axes of the eye in a space whose y runs up.
    this.right = [cy, 0, -sy];
    this.back = [sy * cp, sp, cy * cp];
    this.up = [-sy * sp, cp, -cy * sp];
    this.eye = [
      this.target[0] + this.back[0] * distance,
      this.target[1] - this.back[1] * distance,
      this.target[2] + this.back[2] * distance,
    ];
    const f = 1 / Math.tan(fieldOfView / 2);
    const near = distance * 0.02;
    const far = distance * 60 + 1e8;
    const [r, u, b] = [this.right, this.up, this.back];
    const fx = f * this.height / this.width;
    const a = (far + near) / (near - far);
    const c = 2 * far * near / (near - far);
    const m = this.matrix;
    // Columns; z of the eye is towards the viewer. A position is relative to the eye with y up.
    for (let i = 0; i < 3; i += 1) {
      m[i * 4] = fx * r[i];
      m[i * 4 + 1] = f * u[i];
      m[i * 4 + 2] = a * b[i];
      m[i * 4 + 3] = -b[i];
    }
    m[12] = 0; m[13] = 0; m[14] = c; m[15] = 0;
    this.fx = fx;
    this.f = f;
  }

  /** Pixels of a place, and its depth in units; depth ≤ 0 is behind the eye. */
  project(x, y, z) {
    const dx = x - this.eye[0];
    const dy = this.eye[1] - y;
    const dz = z - this.eye[2];
    const [r, u, b] = [this.right, this.up, this.back];
    const depth = -(b[0] * dx + b[1] * dy + b[2] * dz);
    const px = (r[0] * dx + r[1] * dy + r[2] * dz) * this.fx / depth;
    const py = (u[0] * dx + u[1] * dy + u[2] * dz) * this.f / depth;
    return [(px * 0.5 + 0.5) * this.width, (0.5 - py * 0.5) * this.height, depth];
  }

  /** The direction from the eye through a pixel, y down. */
  ray(px, py) {
    const nx = (px / this.width * 2 - 1) / this.fx;
    const ny = (1 - py / this.height * 2) / this.f;
    const [r, u, b] = [this.right, this.up, this.back];
    return [
      r[0] * nx + u[0] * ny - b[0],
      -(r[1] * nx + u[1] * ny - b[1]),
      r[2] * nx + u[2] * ny - b[2],
    ];
  }

  /** Where the ray through a pixel meets the plane at depth `z`; null where it does not. */
  meet(px, py, z) {
    const d = this.ray(px, py);
    const t = (z - this.eye[2]) / d[2];
    return t > 0 && Number.isFinite(t) ? [this.eye[0] + d[0] * t, this.eye[1] + d[1] * t, z] : null;
  }

  pan(dx, dy) {
    const from = this.meet(this.width / 2, this.height / 2, this.target[2]);
    const to = this.meet(this.width / 2 - dx, this.height / 2 - dy, this.target[2]);
    if (!from || !to) return;
    this.target[0] += to[0] - from[0];
    this.target[1] += to[1] - from[1];
    this.update();
  }

  orbit(dx, dy) {
    this.yaw = Math.max(-1.25, Math.min(1.25, this.yaw - dx * 0.005));
    this.pitch = Math.max(-1.25, Math.min(1.25, this.pitch + dy * 0.005));
    this.update();
  }

  /** Comes nearer by a factor; what is under the pixel stays there. */
  zoom(factor, px = this.width / 2, py = this.height / 2, z = this.target[2]) {
    const before = this.meet(px, py, z);
    const share = z - this.target[2];
    this.target[2] += share;
    if (share) {
      const centre = this.meet(this.width / 2, this.height / 2, z);
      if (centre) { this.target[0] = centre[0]; this.target[1] = centre[1]; }
    }
    this.distance = Math.max(this.least, Math.min(this.most, this.distance / factor));
    this.update();
    const after = this.meet(px, py, z);
    if (!before || !after) return;
    this.target[0] += before[0] - after[0];
    this.target[1] += before[1] - after[1];
    this.update();
  }

  /** The view in which a box `[x0, y0, x1, y1, z]` fills `share` of what `insets` leave of the picture. */
  framing([x0, y0, x1, y1, z = 0], { share = 0.8, yaw = this.yaw, pitch = this.pitch, insets = {} } = {}) {
    const { left = 0, right = 0, top = 0, bottom = 0 } = insets;
    const tan = Math.tan(fieldOfView / 2);
    const [width, height] = [Math.max(80, this.width - left - right), Math.max(80, this.height - top - bottom)];
    const high = (y1 - y0) * Math.max(0.35, Math.cos(pitch)) * this.height / height / (2 * tan);
    const wide = (x1 - x0) * Math.max(0.35, Math.cos(yaw)) * this.height / width / (2 * tan);
    const distance = Math.max(this.least, Math.min(this.most, Math.max(high, wide, 1) / share));
    const unit = 2 * tan * distance / this.height;
    const target = [(x0 + x1) / 2 - (left - right) / 2 * unit, (y0 + y1) / 2 - (top - bottom) / 2 * unit, z];
    return { target, distance, yaw, pitch };
  }

  jump(view) {
    this.flight = null;
    Object.assign(this, { distance: view.distance, yaw: view.yaw, pitch: view.pitch, target: [...view.target] });
    this.update();
  }

  /** Goes to a view along a path that rises where the way is long; at once where motion is not wanted. */
  fly(view, milliseconds = 700) {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches || milliseconds <= 0) { this.jump(view); return; }
    const from = { target: [...this.target], distance: this.distance, yaw: this.yaw, pitch: this.pitch };
    const way = Math.hypot(view.target[0] - from.target[0], view.target[1] - from.target[1]);
    const rise = Math.max(0, Math.log(way / Math.max(from.distance, view.distance)));
    this.flight = { from, to: view, rise, start: performance.now(), length: milliseconds * (1 + Math.min(1.2, rise * 0.4)) };
  }

  /** Moves a flight on; whether there is one. */
  advance(now) {
    const { flight } = this;
    if (!flight) return false;
    const t = Math.min(1, (now - flight.start) / flight.length);
    const s = ease(t);
    const { from, to } = flight;
    const mix = (a, b) => a + (b - a) * s;
    this.distance = Math.exp(mix(Math.log(from.distance), Math.log(to.distance)) + flight.rise * 4 * s * (1 - s) * 0.6);
    // Near the lower end the way counts more: the speed over the picture stays even.
    this.target = from.target.map((value, axis) => mix(value, to.target[axis]));
    this.yaw = mix(from.yaw, to.yaw);
    this.pitch = mix(from.pitch, to.pitch);
    if (t >= 1) { this.flight = null; this.jump(to); } else this.update();
    return true;
  }
}
