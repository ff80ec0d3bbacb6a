// Meaning: what lies near what in the model's embedding, what is to one word as another is to a third, a map of words.

import { h } from '../components/dom.js';
import { label, number } from '../components/format.js';
import { kind } from '../components/inspector.js';
import { term } from '../components/tips.js';
import { brushOf } from './recording.js';
import { components } from './meaning-map.js';
import { Kernel } from './meaning-kernel.js';

const common = 'dog, cat, horse, bird, one, two, three, ten, red, blue, green, king, queen, man, woman, run, walk, jump, happy, sad';
/** Analogies to begin with: the first whose words are one token each. */
const analogies = [['king', 'man', 'woman'], ['brother', 'boy', 'girl'], ['his', 'he', 'she'], ['ran', 'run', 'walk']];

export default class Meaning {
  constructor(element, app) {
    this.app = app;
    const input = (value, words) => h('input', { type: 'text', value, 'aria-label': words, placeholder: words });
    this.word = input('', 'a word');
    this.wordNote = h('p.small.muted');
    this.analogyNote = h('p.small.muted');
    this.near = h('ol.meaning-list');
    [this.a, this.b, this.c] = [input('', 'a'), input('', 'b'), input('', 'c')];
    this.analogous = h('ol.meaning-list');
    this.words = h('textarea', { rows: 2, 'aria-label': 'Words for the map, separated by commas' });
    this.canvas = h('canvas', { role: 'img', 'aria-label': 'A map of the words' });
    this.share = h('small.muted');
    this.here = h('ol.meaning-list');
    this.hereTitle = h('h3');
    const form = (run, ...children) => h('form', { onsubmit: (event) => { event.preventDefault(); run(); } }, children, h('button', { type: 'submit' }, 'Find'));
    element.append(h('div.page.meaning',
      h('div.meaning-pair',
        h('section', h('h2', 'Near it'), h('p.small.muted', 'Tokens whose ', term('embedding'), ' points most nearly the same way. ', kind('derived')), form(() => this.findNear(), this.word), this.wordNote, this.near),
        h('section', h('h2', 'a − b + c'), h('p.small.muted', 'What is to c as a is to b. ', kind('derived')), form(() => this.findAnalogy(), this.a, h('span', '−'), this.b, h('span', '+'), this.c), this.analogyNote, this.analogous),
        h('section', h('h2', 'Here'), this.hereTitle, this.here)),
      h('section', h('h2', 'A map of words'), h('p.small.muted', 'The two directions along which these words differ most (principal components). ', kind('derived'), ' '), form(() => this.drawMap(), this.words), this.canvas, this.share),
      (this.kernel = new Kernel(app)).element));
    this.watch = new ResizeObserver(() => { this.paintMap(); this.kernel.draw(); });
    this.watch.observe(element);
  }

  unmount() { this.closed = true; this.watch.disconnect(); this.kernel.close(); }

  update(change) {
    if ('token' in change || 'layer' in change || change.text === 'end' || change.text === 'session') { this.findHere(); this.kernel.show(); }
    else if ('head' in change) this.kernel.show();
    if ('theme' in change) { this.paintMap(); this.kernel.draw(); }
  }

  /** Begins with words of the present text, which the model is sure to know. */
  async start() {
    this.findHere();
    this.kernel.show();
    const { text, model } = this.app;
    const tokens = text.tokens.filter((token) => !token.isControl && token.text?.trim());
    const words = [...new Set(tokens.map((token) => token.text).filter((word) => !model.hasTokenizer || model.vocabulary < 16 || /^ \p{L}{3,}$/u.test(word)))];
    const here = text.tokens[this.app.current()]?.text;
    this.word.value = words.includes(here) ? here : words.at(-1) ?? ' dog';
    this.words.value = words.length > 5 || !model.hasTokenizer ? words.slice(0, 60).map((word) => word.trim()).join(', ') : common;
    const isSmall = !model.hasTokenizer || model.vocabulary < 16;
    let triple = isSmall ? [0, 1, 2].map((place) => words[place] ?? words[0] ?? '0') : null;
    for (const words of isSmall ? [] : analogies) {
      const pieces = await Promise.all(words.map((word) => this.pieces(` ${word}`)));
      if (pieces.every((tokens) => tokens.length === 1)) { triple = words.map((word) => ` ${word}`); break; }
    }
    if (this.closed) return;
    triple ??= analogies[0].map((word) => ` ${word}`);
    [this.a, this.b, this.c].forEach((input, place) => { input.value = triple[place]; });
    this.findNear();
    this.findAnalogy();
    this.drawMap();
  }

  /** A word's tokens but those of spaces alone; none where the model has no tokenizer. */
  async pieces(word) {
    if (!this.app.model.hasTokenizer || !word) return [];
    const answer = await this.app.api.json('/api/tokenize', { text: word, parseSpecial: false }).catch(() => null);
    return (answer?.tokens ?? []).filter((token) => token.text === undefined || token.text.trim());
  }

  /** Says of words that are several tokens which one stands for them. */
  async explain(place, words) {
    const pieces = await Promise.all(words.map((word) => this.pieces(word)));
    place.textContent = pieces.flatMap((tokens, index) => tokens.length < 2 ? []
      : [`“${words[index].trim()}” is ${tokens.length} tokens here; its last, “${label(tokens.at(-1))}”, stands for it.`]).join(' ');
  }

  async list(place, path, empty) {
    const mine = (place.turn = (place.turn ?? 0) + 1);
    try {
      const answer = await this.app.api.json(path);
      if (this.closed || place.turn !== mine || answer.waiting) return;
      place.replaceChildren(...answer.neighbours.map((token) => h('li',
        h('button.plain', { onclick: () => { this.word.value = token.text ?? ''; this.findNear(); } }, h('i', { style: { width: `${Math.max(0, token.cosine) * 100}%` } }), h('span', label(token)), h('span.number', number(token.cosine))))));
      if (!answer.neighbours.length) place.replaceChildren(h('li.muted', empty));
    } catch (error) { if (place.turn === mine) place.replaceChildren(h('li.muted', error.message)); }
  }

  findNear() {
    this.explain(this.wordNote, [this.word.value]);
    return this.list(this.near, `/api/meaning/neighbours?${new URLSearchParams({ word: this.word.value, count: 12 })}`, 'nothing near');
  }

  findAnalogy() {
    this.explain(this.analogyNote, [this.a.value, this.b.value, this.c.value]);
    return this.list(this.analogous, `/api/meaning/analogy?${new URLSearchParams({ a: this.a.value, b: this.b.value, c: this.c.value, count: 12 })}`, 'nothing near');
  }

  /** Neighbours of the stream at the selected token and layer. */
  async findHere() {
    const { text, state } = this.app;
    if (!text.session || text.running) { this.hereTitle.textContent = 'Neighbours of the stream at the selected token, once a text stands.'; return; }
    const [layer, position] = [state.layer ?? 0, this.app.current()];
    this.hereTitle.replaceChildren(`The stream before layer ${layer} at “`, label(text.tokens[position]), '”');
    await this.list(this.here, `/api/meaning/neighbours?${new URLSearchParams({ session: text.session, layer, position, count: 12 })}`, 'nothing near');
  }

  async drawMap() {
    const words = this.words.value.split(',').map((word) => word.replace(/\n/g, '')).filter((word) => word.trim()).slice(0, 200)
      .map((word) => ` ${word.trim()}`);
    if (words.length < 3) { this.share.textContent = 'A map needs at least three words.'; return; }
    try {
      const { data, about } = await this.app.api.binary('/api/meaning/embeddings', { words });
      if (this.closed) return;
      this.map = { words, ...components(data, words.length, about.shape[1]) };
      this.share.textContent = `The two directions hold ${Math.round(this.map.share * 100)} % of the variance of these ${words.length} words.`;
      this.paintMap();
    } catch (error) { this.share.textContent = error.message; }
  }

  paintMap() {
    if (!this.map || this.closed) return;
    const width = Math.max(240, Math.min(980, this.canvas.parentElement.clientWidth));
    const height = Math.round(Math.min(520, width * 0.6));
    const brush = brushOf(this.canvas, width, height);
    const { theme } = this.app;
    const { points, words } = this.map;
    const [xs, ys] = [points.map((point) => point[0]), points.map((point) => point[1])];
    const scale = (values, size, margin) => { const [low, high] = [Math.min(...values), Math.max(...values)]; return (value) => margin + (value - low) / Math.max(1e-9, high - low) * (size - 2 * margin); };
    const [x, y] = [scale(xs, width, 54), scale(ys, height, 22)];
    brush.font = `14px ${getComputedStyle(this.canvas).fontFamily}`;
    brush.textAlign = 'center';
    brush.textBaseline = 'middle';
    const taken = [];
    words.forEach((word, index) => {
      const [left, top] = [x(points[index][0]), y(points[index][1])];
      const half = brush.measureText(word.trim()).width / 2 + 3;
      let shift = -12;
      for (const tried of [-12, 12, -26, 26]) {
        shift = tried;
        if (!taken.some((box) => Math.abs(box.left - left) < box.half + half && Math.abs(box.top - (top + tried)) < 15)) break;
      }
      taken.push({ left, top: top + shift, half });
      brush.fillStyle = theme.color('role-weights');
      brush.beginPath();
      brush.arc(left, top, 3, 0, 2 * Math.PI);
      brush.fill();
      brush.fillStyle = theme.color('text');
      brush.fillText(word.trim(), left, top + shift);
    });
  }
}
