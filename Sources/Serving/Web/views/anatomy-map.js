// A small map of everything, with a frame around what the picture shows; a click goes there.

import { readTheme } from './anatomy-theme.js';

export class SmallMap {
  constructor(canvas, stage) {
    this.canvas = canvas;
    this.stage = stage;
    this.picture = null;
    const go = (event) => {
      if (!this.scale) return;
      const box = canvas.getBoundingClientRect();
      const [x, y] = [(event.clientX - box.left - this.left) / this.scale + this.box[0], (event.clientY - box.top - this.top) / this.scale + this.box[1]];
      stage.camera.flight = null;
      stage.camera.target[0] = x;
      stage.camera.target[1] = y;
      stage.camera.update();
      stage.on.moved();
      stage.draw();
    };
    canvas.addEventListener('pointerdown', (event) => { canvas.setPointerCapture(event.pointerId); go(event); });
    canvas.addEventListener('pointermove', (event) => { if (event.buttons & 1) go(event); });
  }

  rebuild() {
    const { canvas, stage } = this;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!width || !stage.geometries.length) return;
    const ratio = Math.min(2, devicePixelRatio || 1);
    this.box = stage.bounds();
    const [x0, y0, x1, y1] = this.box;
    this.scale = Math.min((width - 8) / (x1 - x0), (height - 8) / (y1 - y0));
    this.left = (width - (x1 - x0) * this.scale) / 2;
    this.top = (height - (y1 - y0) * this.scale) / 2;
    const { overlay } = readTheme(canvas);
    this.theme = overlay;
    const picture = document.createElement('canvas');
    picture.width = canvas.width = Math.round(width * ratio);
    picture.height = canvas.height = Math.round(height * ratio);
    const brush = picture.getContext('2d');
    brush.scale(ratio, ratio);
    brush.globalAlpha = 0.75;
    for (const { blocks } of stage.geometries) {
      for (const block of blocks) {
        const [a, b, c, d] = block.bounds;
        const [w, h] = [(c - a) * this.scale, (d - b) * this.scale];
        if (w * h < 0.02) continue;
        brush.fillStyle = overlay.roles[block.role];
        brush.fillRect(this.left + (a - x0) * this.scale, this.top + (b - y0) * this.scale, Math.max(0.5, w), Math.max(0.5, h));
      }
    }
    this.picture = picture;
    this.ratio = ratio;
  }

  draw(camera) {
    if (!this.picture) this.rebuild();
    if (!this.picture) return;
    const { canvas, box, scale, left, top, ratio } = this;
    const brush = canvas.getContext('2d');
    brush.setTransform(1, 0, 0, 1, 0, 0);
    brush.clearRect(0, 0, canvas.width, canvas.height);
    brush.drawImage(this.picture, 0, 0);
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    const corners = [[0, 0], [camera.width, 0], [camera.width, camera.height], [0, camera.height]].map(([x, y]) => camera.meet(x, y, camera.target[2]));
    if (corners.some((corner) => !corner)) return;
    brush.strokeStyle = this.theme.accent;
    brush.lineWidth = 1.5;
    brush.beginPath();
    corners.forEach(([x, y], i) => brush[i ? 'lineTo' : 'moveTo'](left + (x - box[0]) * scale, top + (y - box[1]) * scale));
    brush.closePath();
    brush.stroke();
    const [cx, cy] = [left + (camera.target[0] - box[0]) * scale, top + (camera.target[1] - box[1]) * scale];
    brush.fillStyle = this.theme.accent;
    brush.fillRect(cx - 1.5, cy - 1.5, 3, 3);
  }
}
