// Curves over the steps: losses, gradient norms by layer, the learning rate; dragged along, they scrub the run.

import { h } from '../components/dom.js';
import { count, number } from '../components/format.js';
import { channels, color } from '../components/theme.js';
import { term } from '../components/tips.js';

const left = 52;
const right = 12;

export class Charts {
  constructor(app, course) {
    Object.assign(this, { app, course });
    this.loss = h('canvas.loss', { role: 'img', 'aria-label': 'Loss over the steps' });
    this.strip = h('canvas.strip', { role: 'img', 'aria-label': 'Gradient norms by layer over the steps' });
    this.rate = h('canvas.rate', { role: 'img', 'aria-label': 'Learning rate over the steps' });
    this.range = h('span.muted.small');
    this.where = h('output');
    this.slider = h('input', { type: 'range', min: '0', value: '0', 'aria-label': 'Step to look at', oninput: () => course.look(Number(this.slider.value)) });
    this.follow = h('button', { 'aria-pressed': 'true', onclick: () => course.look(course.isFollowing ? course.last : null) }, 'Follow');
    this.element = h('section.charts',
      h('h3', term('loss'), ' ', h('span.key.training', 'training'), ' ', h('span.key.heldout', 'held out')), this.loss,
      h('h3', 'Gradient ', term('norm'), ' by layer ', this.range), this.strip,
      h('h3', term('learning rate')), this.rate);
    /** Stays in sight: it moves every picture of the page. */
    this.scrubber = h('div.scrub', h('span', 'Step'), this.slider, this.where, this.follow);
    for (const canvas of [this.loss, this.strip, this.rate]) {
      canvas.addEventListener('pointerdown', (event) => { canvas.setPointerCapture(event.pointerId); this.scrub(event, canvas); });
      canvas.addEventListener('pointermove', (event) => { if (event.buttons & 1) this.scrub(event, canvas); });
    }
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.element);
  }

  unmount() { this.observer.disconnect(); }

  get end() { return Math.max(1, this.course.run?.steps ?? 1, this.course.last); }

  scrub(event, canvas) {
    const box = canvas.getBoundingClientRect();
    const step = (event.clientX - box.left - left) / (box.width - left - right) * this.end;
    this.course.look(step >= this.course.last ? null : step);
  }

  draw() {
    const { course } = this;
    if (!course.run) return;
    this.slider.max = String(course.last);
    this.slider.value = String(course.at);
    this.where.textContent = count(course.at);
    this.follow.setAttribute('aria-pressed', String(course.isFollowing));
    this.drawLoss();
    this.drawStrip();
    this.drawRate();
  }

  /** A canvas ready to draw on, in CSS pixels. */
  brush(canvas) {
    const ratio = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const brush = canvas.getContext('2d');
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    brush.clearRect(0, 0, width, height);
    brush.font = `12px ${getComputedStyle(canvas).fontFamily}`;
    const x = (step) => left + step / this.end * (width - left - right);
    return { brush, width, height, x };
  }

  needle(brush, x, height) {
    brush.fillStyle = color('accent-fill');
    brush.fillRect(Math.round(x(this.course.at)) - 0.5, 0, 1.5, height);
  }

  drawLoss() {
    const { brush, width, height, x } = this.brush(this.loss);
    const { course } = this;
    const known = [...course.loss, ...course.validations.map((one) => one.loss)].filter((value) => value > 0);
    const bottom = height - 20;
    if (!known.length) return;
    const high = Math.max(...known.map(Math.log10));
    // Four decades are enough: what is smaller lies on the bottom line.
    const low = Math.max(high - 4, Math.min(...known.map(Math.log10)));
    const span = Math.max(0.05, high - low) * 1.08;
    const y = (value) => Math.min(bottom - 1, 8 + (high + span * 0.03 - Math.log10(Math.max(value, 1e-12))) / span * (bottom - 12));
    brush.fillStyle = color('muted');
    brush.strokeStyle = color('line');
    for (const value of ticks(10 ** low, 10 ** high)) {
      brush.textAlign = 'right';
      brush.fillText(String(Number(value.toPrecision(2))), left - 8, y(value) + 4);
      brush.beginPath();
      brush.moveTo(left, Math.round(y(value)) + 0.5);
      brush.lineTo(width - right, Math.round(y(value)) + 0.5);
      brush.stroke();
    }
    brush.textAlign = 'center';
    const labels = width < 500 ? 2 : 4;
    for (let part = 0; part <= labels; part += 1) {
      const step = Math.round(this.end * part / labels);
      brush.textAlign = part === 0 ? 'left' : part === labels ? 'right' : 'center';
      brush.fillText(count(step), x(step), height - 4);
    }
    // What each step gave, faint, and its running mean.
    this.line(brush, x, (value) => y(value), course.loss, color('role-activations'), 0.35, 1);
    this.line(brush, x, (value) => y(value), smooth(course.loss), color('role-activations'), 1, 2);
    brush.strokeStyle = color('positive');
    brush.fillStyle = color('positive');
    brush.lineWidth = 1.5;
    brush.beginPath();
    course.validations.forEach((one, index) => brush[index ? 'lineTo' : 'moveTo'](x(one.step), y(one.loss)));
    brush.stroke();
    for (const one of course.validations) {
      brush.beginPath();
      brush.arc(x(one.step), y(one.loss), 3, 0, 2 * Math.PI);
      brush.fill();
    }
    this.needle(brush, x, bottom);
  }

  /** A curve; where there are more points than pixels, the span of each pixel. */
  line(brush, x, y, values, style, alpha, thick) {
    const { step } = this.course;
    brush.strokeStyle = style;
    brush.globalAlpha = alpha;
    brush.lineWidth = thick;
    brush.lineJoin = 'round';
    brush.beginPath();
    let started = false;
    let pixel = -1;
    let [low, high] = [Infinity, -Infinity];
    values.forEach((value, index) => {
      if (value === null) return;
      const at = x(step[index]);
      if (!started) brush.moveTo(at, y(value));
      if (Math.floor(at) !== pixel && started) {
        brush.lineTo(pixel + 0.5, y(low));
        if (high !== low) brush.lineTo(pixel + 0.5, y(high));
        [low, high] = [Infinity, -Infinity];
      }
      started = true;
      pixel = Math.floor(at);
      [low, high] = [Math.min(low, value), Math.max(high, value)];
    });
    if (started) { brush.lineTo(pixel + 0.5, y(low)); brush.lineTo(pixel + 0.5, y(high)); }
    brush.stroke();
    brush.globalAlpha = 1;
  }

  drawStrip() {
    const { layers } = this.course;
    const rows = Math.max(1, layers.names.length);
    this.strip.style.height = `${Math.min(260, rows * (rows > 16 ? 10 : 18))}px`;
    const { brush, width, height, x } = this.brush(this.strip);
    const known = layers.gradient.flat().filter((value) => value > 0);
    if (!known.length) return;
    const [low, high] = [Math.log10(Math.min(...known)), Math.log10(Math.max(...known))];
    const tall = height / rows;
    const [from, to] = [channels('sunken'), channels('sequential')];
    const bins = Math.max(1, Math.min(layers.step.length, Math.floor(width / 2)));
    for (let bin = 0; bin < bins; bin += 1) {
      const index = Math.floor((bin + 0.5) * layers.step.length / bins);
      const before = bin ? layers.step[Math.floor((bin - 0.5) * layers.step.length / bins)] : 0;
      const at = x(before);
      layers.gradient[index].forEach((value, row) => {
        const share = value > 0 ? (Math.log10(value) - low) / Math.max(0.01, high - low) : 0;
        brush.fillStyle = `rgb(${from.map((part, place) => Math.round(part + (to[place] - part) * share)).join(' ')})`;
        brush.fillRect(at, row * tall, Math.max(1.5, x(layers.step[index]) - at + 0.5), tall - (tall > 8 ? 1 : 0));
      });
    }
    brush.fillStyle = color('muted');
    brush.textAlign = 'right';
    if (tall > 9) layers.names.forEach((name, row) => brush.fillText(short(name), left - 8, row * tall + tall / 2 + 4, left - 10));
    this.range.textContent = `${number(10 ** low)} to ${number(10 ** high)}, logarithmic`;
    this.needle(brush, x, height);
  }

  drawRate() {
    const { brush, width, height, x } = this.brush(this.rate);
    const { course } = this;
    const most = Math.max(...course.rate, 0);
    if (!(most > 0)) return;
    const y = (value) => 4 + (1 - value / most) * (height - 8);
    brush.fillStyle = color('muted');
    brush.textAlign = 'right';
    brush.fillText(most.toExponential(0), left - 8, 13);
    brush.fillText('0', left - 8, height - 2);
    this.line(brush, x, y, course.rate, color('role-state'), 1, 1.5);
    this.needle(brush, x, height);
  }
}

function short(name) { return name.replace('blocks.', 'layer ').replace('token_embd', 'tokens').replace('position_embd', 'places').replace('output_norm', 'norm'); }

function ticks(low, high) {
  const values = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const digit of high / low > 30 ? [1] : high / low > 4 ? [1, 3] : [1, 1.5, 2, 3, 4, 5, 7]) {
      const value = digit * 10 ** power;
      if (value >= low * 0.98 && value <= high * 1.02) values.push(value);
    }
  }
  return values;
}

/** A running mean over a fiftieth of all points. */
function smooth(values) {
  const span = Math.max(1, Math.floor(values.length / 50));
  let sum = 0;
  return values.map((value, index) => {
    sum += value ?? 0;
    if (index >= span) sum -= values[index - span] ?? 0;
    return sum / Math.min(index + 1, span);
  });
}
