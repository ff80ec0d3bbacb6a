// The guided walk: chapters that move the picture to a part of the model and speak about the numbers seen there.

import { h, icon } from '../components/dom.js';
import { chapters } from './anatomy-chapters.js';

export class Walk {
  constructor(view, panel) {
    this.view = view;
    this.panel = panel;
    this.place = 0;
    this.turn = 0;
  }

  get isOpen() { return !this.panel.hidden; }

  toggle(open = !this.isOpen) {
    this.panel.hidden = !open;
    this.view.walkButton.setAttribute('aria-pressed', String(open));
    if (open) this.show(this.place, true);
    else {
      this.view.inspection.walkBlocks = null;
      this.view.inspection.light();
      this.view.arrange();
    }
  }

  /** A person moved the picture: the walk stays where it is until the next chapter. */
  strayed() {}

  /** The scene is a new one: the same chapter with its numbers. */
  refresh() { if (this.isOpen) this.show(this.place, false); }

  async show(place, moves) {
    const { view, panel } = this;
    const list = chapters(view.geometry);
    if (!list.length) return;
    this.place = Math.max(0, Math.min(place, list.length - 1));
    const chapter = list[this.place];
    const turn = (this.turn += 1);
    const body = h('div');
    const go = (by) => () => this.show(this.place + by, true);
    panel.replaceChildren(
      h('button.icon.close', { 'aria-label': 'End the walk', onclick: () => this.toggle(false) }, icon('close')),
      h('div.bar', list.map((other, i) => h('button', {
        title: other.title, 'aria-label': other.title, class: i < this.place ? 'past' : '', 'aria-current': i === this.place ? 'step' : null, onclick: () => this.show(i, true),
      }))),
      h('h2', chapter.title), body,
      h('nav', h('button', { onclick: go(-1), disabled: this.place === 0 }, 'Back'), h('span.muted', `${this.place + 1} of ${list.length}`),
        h('button.primary', { onclick: this.place === list.length - 1 ? () => this.toggle(false) : go(1) }, this.place === list.length - 1 ? 'Done' : 'Next')));
    view.arrange();
    view.inspection.walkBlocks = chapter.focus;
    view.inspection.light();
    if (moves) {
      view.steps.follows = false;
      if (chapter.isWhole) view.stage.home(1100);
      else view.stage.frameBlocks(chapter.blocks, { share: chapter.share ?? 0.66, milliseconds: 1100 });
    }
    const fill = (parts) => body.replaceChildren(...parts.filter(Boolean).map((part) => (typeof part === 'string' ? h('p', part) : part)));
    fill(chapter.words());
    if (!chapter.numbers) return;
    try {
      const parts = await chapter.numbers(new Facts(view));
      if (turn === this.turn) fill([...chapter.words(), ...parts]);
    } catch (error) {
      if (error.name !== 'AbortError' && turn === this.turn) fill([...chapter.words(), h('p.muted.small', error.message)]);
    }
  }
}

/** Numbers of the present text, as a chapter asks for them. */
export class Facts {
  constructor(view) {
    this.view = view;
    this.count = view.shown?.session ? view.shown.count : 0;
    this.token = Math.max(0, Math.min(view.app.current(), this.count - 1));
  }

  /** A token's text in quotes. */
  text(place) {
    const token = this.view.app.text.tokens[place];
    return token ? `“${(token.text ?? token.bytes ?? String(token.id)).replaceAll('\n', '↵')}”` : `token ${place}`;
  }

  id(place) { return this.view.app.text.tokens[place]?.id; }

  cell(block, row, column, copy = 0) { return this.view.source.cell(block, copy, row, column); }

  /** The word of a token id: asked of the tokenizer through the text's own tokens where it is one of them. */
  async row(block, row, copy = 0, limit = 256) {
    const width = Math.min(limit, block.sizeOf(copy)[0]);
    return this.view.source.values(block, copy, row, 0, 1, width);
  }
}
