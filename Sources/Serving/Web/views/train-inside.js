// Inside the model while it learns: where its heads look and what each layer would say next, for one held-out text.

import { h } from '../components/dom.js';
import { count, label, percent } from '../components/format.js';
import { kind } from '../components/inspector.js';
import { channels, color, sequential } from '../components/theme.js';
import { term } from '../components/tips.js';
import { Latest } from './train-course.js';

export class Inside {
  constructor(app, course) {
    Object.assign(this, { app, course, look: null });
    this.when = h('span.muted.small');
    this.text = h('p.probe');
    this.heads = h('div.heads');
    this.one = h('canvas.one', { role: 'img', 'aria-label': 'Attention of one head' });
    this.onesays = h('p.muted.small');
    this.lens = h('table.lens');
    this.error = h('p.muted');
    this.grid = h('div.two',
      h('div', h('h3', term('head', 'Attention heads'), ' sharpening'), this.heads, this.one, this.onesays),
      h('div', h('h3', term('logit lens', 'Logit lens'), ': what each layer would say next'), h('div.wide', this.lens)));
    this.element = h('section.inside', h('h3', 'One held-out text, read with the weights ', this.when, ' ', kind('derived')), this.text, this.error, this.grid);
    this.latest = new Latest((step) => app.api.json(`/api/training/probe?${course.query(step)}`), (look, error) => this.show(look, error));
  }

  draw() {
    const { snapshot } = this.course;
    this.element.hidden = snapshot === null;
    if (snapshot !== null) this.latest.want(`${this.course.run.id}/${snapshot}`, snapshot);
    if (this.look) this.paint();
  }

  show(look, error) {
    this.error.textContent = error ? error.message : '';
    this.grid.classList.toggle('bare', Boolean(error));
    if (!look) return;
    this.look = look;
    this.painted = null;
    this.paint();
  }

  paint() {
    const { look, app } = this;
    const key = [look.step, app.state.layer, app.state.head, document.documentElement.dataset.theme, this.one.clientWidth].join();
    if (this.painted === key) return;
    this.painted = key;
    this.when.textContent = `of step ${count(look.step)}`;
    this.text.replaceChildren(...look.tokens.map((token, index) => h('span', { 'data-index': index }, label(token))), h('span.next', label(look.targets.at(-1))));
    const layer = Math.min(Number.isInteger(app.state.layer) ? app.state.layer : 0, look.attention.length - 1);
    const head = Math.min(Number.isInteger(app.state.head) ? app.state.head : 0, (look.attention[layer]?.heads ?? 1) - 1);
    this.paintHeads(layer, head);
    this.paintLens();
  }

  paintHeads(layer, head) {
    const { look, app } = this;
    const rows = look.tokens.length;
    const shape = look.attention.map((one) => one.heads).join();
    if (this.shape !== shape) {
      this.shape = shape;
      this.canvases = look.attention.map((one, row) => Array.from({ length: one.heads }, (_, column) => h('canvas', { width: rows, height: rows })));
      this.heads.replaceChildren(...this.canvases.map((line, row) => h('div.layer', h('span.muted.small', `layer ${row}`),
        line.map((canvas, column) => h('button.plain', { 'aria-label': `Layer ${row}, head ${column}`, onclick: () => { app.set({ layer: row, head: column }); this.paint(); } }, canvas)))));
    }
    look.attention.forEach((one, row) => this.canvases[row].forEach((canvas, column) => {
      canvas.parentElement.setAttribute('aria-pressed', String(row === layer && column === head));
      pattern(canvas, one.pattern.slice(column * rows * rows, (column + 1) * rows * rows), rows);
    }));
    this.paintOne(layer, head);
  }

  /** The chosen head with its tokens. */
  paintOne(layer, head) {
    const { look } = this;
    const rows = look.tokens.length;
    const one = look.attention[layer];
    if (!one) return;
    const shares = one.pattern.slice(head * rows * rows, (head + 1) * rows * rows);
    const ratio = devicePixelRatio || 1;
    const edge = 44;
    const side = Math.min(this.one.clientWidth || 320, 420);
    this.one.style.height = `${side}px`;
    this.one.width = Math.round(this.one.clientWidth * ratio);
    this.one.height = Math.round(side * ratio);
    const brush = this.one.getContext('2d');
    brush.scale(ratio, ratio);
    const cell = (side - edge) / rows;
    brush.font = `${Math.min(13, Math.max(8, cell * 0.7))}px ${getComputedStyle(this.one).fontFamily}`;
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column <= row; column += 1) {
        brush.fillStyle = sequential(shares[row * rows + column]);
        brush.fillRect(edge + column * cell, edge + row * cell, cell - 1, cell - 1);
      }
      brush.fillStyle = color('muted');
      brush.textAlign = 'right';
      brush.fillText(clip(label(look.tokens[row])), edge - 6, edge + row * cell + cell * 0.7, edge - 8);
      brush.textAlign = 'center';
      if (cell > 9) brush.fillText(clip(label(look.tokens[row])), edge + (row + 0.5) * cell, edge - 6, cell);
    }
    const lines = Array.from({ length: rows }, (_, row) => shares.slice(row * rows, row * rows + row + 1));
    const entropy = lines.reduce((sum, line) => sum - line.reduce((all, p) => all + (p > 0 ? p * Math.log2(p) : 0), 0), 0) / rows;
    this.onesays.textContent = `Layer ${layer}, head ${head}: each row is a token that looks, each column one that it looks at. Mean entropy ${entropy.toFixed(2)} bits.`;
  }

  paintLens() {
    const { look } = this;
    const depths = look.lens.length;
    const head = h('tr', h('th', ''), look.tokens.map((token) => h('th', label(token))));
    const rows = look.lens.map((line, depth) => h('tr', h('th', depth === 0 ? 'embedding' : depth === depths - 1 ? 'output' : `after ${depth - 1}`),
      line.map((reading, row) => {
        const isRight = reading.top.id === look.targets[row].id;
        return h('td', {
          class: `${isRight ? 'right' : ''}${look.counts[row] ? '' : ' uncounted'}`,
          style: { '--share': `${Math.round(reading.probability * 100)}%` },
          title: `${label(reading.top)} ${percent(reading.probability)}; ${label(look.targets[row])} follows, ${percent(reading.target)}`,
        }, label(reading.top));
      })));
    rows.reverse();
    const follows = h('tr.follows', h('th', 'follows'), look.targets.map((token, row) => h('td', { class: look.counts[row] ? '' : 'uncounted' }, label(token))));
    this.lens.replaceChildren(h('tbody', follows, rows, head));
  }
}

function clip(text) { return text.length > 6 ? `${text.slice(0, 5)}…` : text; }

/** A head's shares, one pixel a cell. */
function pattern(canvas, shares, rows) {
  if (canvas.width !== rows) { canvas.width = rows; canvas.height = rows; }
  const brush = canvas.getContext('2d');
  const image = brush.createImageData(rows, rows);
  const [from, to] = [channels('ground'), channels('sequential')];
  const none = channels('sunken');
  for (let cell = 0; cell < rows * rows; cell += 1) {
    const isSeen = cell % rows <= Math.floor(cell / rows);
    for (let part = 0; part < 3; part += 1) {
      image.data[cell * 4 + part] = isSeen ? from[part] + (to[part] - from[part]) * shares[cell] : none[part];
    }
    image.data[cell * 4 + 3] = 255;
  }
  brush.putImageData(image, 0, 0);
}
