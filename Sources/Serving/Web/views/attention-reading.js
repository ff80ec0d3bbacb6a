// The text as the selected token sees it: each earlier token shaded by the weight it gets.

import { h } from '../components/dom.js';
import { label, percent } from '../components/format.js';
import { kind } from '../components/inspector.js';
import { isOver } from './recording.js';

/** Tokens that are drawn around the selected one; those before them are named in a line. */
const drawn = 400;

export class Reading {
  constructor(app, recording) {
    Object.assign(this, { app, recording, mode: 'row' });
    this.buttons = [['row', 'looks at'], ['column', 'is looked at by']].map(([mode, words]) => h('button', { 'aria-pressed': String(mode === 'row'), onclick: () => this.choose(mode) }, words));
    this.title = h('p.small');
    this.top = h('ol.attention-top');
    this.words = h('p.attention-words');
    this.words.addEventListener('click', (event) => {
      const span = event.target.closest('[data-index]');
      if (span) { app.clock.pause(); app.set({ token: Number(span.dataset.index), step: null }); }
    });
    this.element = h('div.attention-reading', h('div.choices', this.buttons), this.title, this.top, this.words);
  }

  take(recording) { this.recording = recording; this.shown = null; }

  choose(mode) {
    this.mode = mode;
    this.buttons.forEach((button, index) => button.setAttribute('aria-pressed', String((index === 0) === (mode === 'row'))));
    if (this.shown) this.show(this.shown);
  }

  async show(place) {
    this.shown = place;
    const { layer, head, row, count } = place;
    const isRow = this.mode === 'row';
    const fields = isRow
      ? { layer, head, rows: `${row}-${row + 1}`, columns: `0-${row + 1}`, height: 1, width: row + 1 }
      : { layer, head, rows: `${row}-${count}`, columns: `${row}-${row + 1}`, height: Math.min(4096, count - row), width: 1, at: count };
    try {
      const { data } = await this.recording.binary('attention/cells', fields);
      if (this.shown !== place) return;
      this.draw(data, isRow ? 0 : row);
    } catch (error) { if (!isOver(error)) console.error(error); }
  }

  draw(weights, offset) {
    const { tokens } = this.app.text;
    const { row } = this.shown;
    const isRow = this.mode === 'row';
    this.title.replaceChildren(h('b.token', label(tokens[row])), isRow ? ' looks at ' : ' is looked at by ', kind('value'));
    const strongest = [...weights.entries()].sort((a, b) => b[1] - a[1]).slice(0, 5).filter(([, weight]) => weight > 0.0005);
    this.top.replaceChildren(...strongest.map(([place, weight]) => h('li',
      h('button.plain', { onclick: () => this.app.set({ token: place + offset }) },
        h('span.bar', { style: { width: `${(weight * 100).toFixed(2)}%` } }), h('span.label', label(tokens[place + offset])),
        h('small.muted', `token ${place + offset}`), h('span.number', percent(weight))))));
    const end = offset + weights.length;
    const first = Math.max(offset, Math.min(end - drawn, row - drawn / 2));
    const last = Math.min(end, first + drawn);
    const spans = [];
    if (first > offset) spans.push(h('span.muted', `… ${first - offset} tokens `));
    for (let index = first; index < last; index += 1) {
      const weight = weights[index - offset];
      const token = tokens[index];
      spans.push(h('span', {
        'data-index': index, class: index === row ? 'here' : undefined, title: `token ${index}: ${percent(weight)}`,
        style: { '--weight': `${Math.round(Math.sqrt(weight) * 100)}%` },
      }, token?.text ?? label(token)));
    }
    if (last < end) spans.push(h('span.muted', ` … ${end - last} more`));
    this.words.replaceChildren(...spans);
  }

  /** Marks the token of a cell under the pointer. */
  mark(index) {
    this.words.querySelector('.pointed')?.classList.remove('pointed');
    this.words.querySelector(`[data-index="${index}"]`)?.classList.add('pointed');
  }
}
