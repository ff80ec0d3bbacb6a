// Generate: a sentence being written, each token open to question.

import { h, icon } from '../components/dom.js';
import { bits, label, percent } from '../components/format.js';
import { term } from '../components/tips.js';
import { showChoice } from './generate-choice.js';

const shades = { probability: 'probability', surprise: 'surprise', none: 'none' };
/** Tokens that are drawn at once; earlier ones of a longer text come with a click. */
const drawn = 3000;
/** Milliseconds that the sentence has for itself before the model is brought. */
const patience = 700;
/** Calls when nothing else is to be done, and soon all the same. */
const idle = (call) => (window.requestIdleCallback ? requestIdleCallback(call, { timeout: 500 }) : setTimeout(call, 100));

/** Where a finished sentence leads: view, icon, and what is there. */
const ways = [
  ['anatomy', 'cube', 'The whole model with the numbers that this text makes in it'],
  ['attention', 'grid', 'Which token looks at which, in every head'],
  ['lens', 'lens', 'What each layer would have said next, and what made the choice'],
];

export default class Generate {
  constructor(element, app) {
    this.app = app;
    this.shade = 'probability';
    this.spans = [];
    this.frame = 0;
    this.sentence = h('p.sentence', { 'aria-live': 'off' });
    this.caret = h('span.caret');
    this.status = h('span', { role: 'status' });
    this.more = h('button', { onclick: () => app.run({ session: app.text.session }) }, 'Go on');
    this.buttons = Object.keys(shades).map((name) => h('button', { 'aria-pressed': String(name === this.shade), onclick: () => this.setShade(name) }, shades[name]));
    this.ways = h('div.ways', { hidden: true }, h('span', 'See this text inside the model'), ways.map(([view, name, title]) => h('button.next', { title, onclick: () => this.enter(view) }, icon(name), view[0].toUpperCase() + view.slice(1))));
    this.tree = h('div.tree', { hidden: true });
    /** Where the model stands beside the sentence; its room is kept from the beginning. */
    this.beside = window.WebGL2RenderingContext ? h('figure.beside') : null;
    this.model = null;
    this.sentence.addEventListener('click', (event) => {
      const span = event.target.closest('.t');
      if (!span) return;
      const index = Number(span.dataset.index);
      app.clock.pause();
      app.set({ token: app.state.token === index ? null : index, step: null });
    });
    element.append(h('div.generate', h('div.written', this.sentence,
      h('div.line', this.status, this.more, h('span.grow'), h('span.shades', 'Shade by ', h('span.choices', this.buttons))), this.ways, this.tree), this.beside));
  }

  start() { this.redraw(); }

  unmount() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.closed = true;
    this.model?.unmount();
  }

  /** Brings the model beside the sentence in idle time, when its first words have been seen or all of it is written. */
  bringModel(milliseconds) {
    if (!this.beside || this.model) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => idle(() => this.mountModel()), milliseconds);
  }

  async mountModel() {
    const { text } = this.app;
    const isSoon = text.running && text.tokens.length <= text.promptCount;
    if (this.closed || !this.beside || this.model) return;
    if (isSoon) return this.bringModel(patience);
    try {
      const { ModelBeside } = await import('./generate-model.js');
      if (!this.closed && !this.model) this.model = new ModelBeside(this.beside, this.app);
    } catch (error) {
      // Without WebGL2 the sentence stands alone.
      this.beside.remove();
      this.beside = null;
    }
  }

  update(change) {
    this.model?.update(change);
    if (change.text === 'begin' || change.text === 'session') this.redraw();
    else if (change.text || 'token' in change || change.clock) this.later();
    if (change.text === 'end' || change.text === 'session') this.showTree();
    if (change.text === 'end') this.bringModel(0);
  }

  later() { this.frame ||= requestAnimationFrame(() => { this.frame = 0; if (!this.closed) this.draw(); }); }

  setShade(name) {
    this.shade = name;
    this.buttons.forEach((button, index) => button.setAttribute('aria-pressed', String(Object.keys(shades)[index] === name)));
    this.spans.forEach((span, index) => this.paint(span, this.app.text.tokens[index + this.first]));
  }

  /** Everything anew. */
  redraw() {
    const { text } = this.app;
    this.spans = [];
    this.first = Math.max(0, text.tokens.length - drawn);
    this.sentence.replaceChildren(this.caret);
    this.draw();
    this.showTree();
    this.bringModel(patience);
  }

  /** What came since, and what is selected. */
  draw() {
    const { app, spans } = this;
    const { text } = app;
    const added = document.createDocumentFragment();
    for (let index = spans.length + this.first; index < text.tokens.length; index += 1) {
      const span = this.span(text.tokens[index], index);
      spans.push(span);
      added.append(span);
    }
    this.caret.before(added);
    this.caret.hidden = !text.running;
    const current = app.current();
    const isScrubbed = app.state.token !== null && app.state.token !== undefined;
    spans.forEach((span, place) => {
      const index = place + this.first;
      span.classList.toggle('here', isScrubbed && index === current);
      span.classList.toggle('later', isScrubbed && app.clock.playing && index > current);
    });
    this.sentence.classList.toggle('playing', app.clock.playing);
    if (isScrubbed && app.clock.playing) spans[current - this.first]?.scrollIntoView({ block: 'nearest' });
    this.sentence.classList.toggle('long', text.tokens.length > 500);
    if (text.running && !isScrubbed && this.follows()) this.status.scrollIntoView({ block: 'nearest' });
    this.status.replaceChildren(...this.words());
    this.ways.hidden = !text.session || Boolean(text.reading);
    this.more.hidden = text.running || !text.session || text.end?.finish?.reason === 'context' || text.end?.finish?.reason === 'end';
    showChoice(app);
  }

  /** Goes inside with the present token. */
  enter(view) {
    this.app.clock.pause();
    this.app.set({ view, token: this.app.current() });
  }

  /** Whether a person looks at the end of the text, or has not looked anywhere yet. */
  follows() {
    const view = this.sentence.closest('main');
    return view.scrollTop === 0 || view.scrollHeight - view.scrollTop - view.clientHeight < 240;
  }

  words() {
    const { text } = this.app;
    if (text.error) return [h('span.wrong', text.error.message)];
    if (text.reading) return [`Reading the prompt: ${text.reading.read} of ${text.reading.of} tokens`];
    if (!text.tokens.length) return [text.running ? 'Reading…' : 'Write a beginning above, and run it.'];
    const made = text.tokens.length - text.promptCount;
    const words = [`${made} ${made === 1 ? 'token' : 'tokens'} after ${text.promptCount}`];
    if (text.end?.tokensPerSecond) words.push(` · ${text.end.tokensPerSecond.toFixed(text.end.tokensPerSecond < 10 ? 1 : 0)} token/s`);
    const reason = text.end?.finish?.reason;
    if (reason === 'end') words.push(' · the model ended here');
    if (reason === 'context') words.push(' · the ', term('context'), ' is full');
    return words;
  }

  span(token, index) {
    const isGiven = index < this.app.text.promptCount;
    const name = token.isControl ? 'span.t.control' : token.text === undefined ? 'span.t.bytes' : 'span.t';
    const span = h(name, { 'data-index': index, title: isGiven ? 'given' : '' }, token.isControl || token.text === undefined ? label(token) : token.text);
    if (isGiven) span.classList.add('given');
    this.paint(span, token);
    return span;
  }

  /** The shade's strength is also its height, so that it needs no colour to be read. */
  paint(span, token) {
    const given = token?.probability === undefined;
    span.title = given ? 'given' : `${percent(token.probability)}, ${bits(token.probability).toFixed(1)} bits`;
    if (this.shade === 'none' || given) {
      span.style.removeProperty('--shade');
      span.style.removeProperty('--depth');
      return;
    }
    const strength = this.shade === 'probability' ? token.probability : Math.min(1, bits(token.probability) / 10);
    const tone = this.shade === 'probability' ? 'sequential' : 'positive';
    span.style.setProperty('--shade', `color-mix(in srgb, var(--${tone}) ${Math.round(25 + 75 * strength)}%, transparent)`);
    span.style.setProperty('--depth', `${(1 + 4 * strength).toFixed(1)}px`);
  }

  /** The continuations of one beginning, as a tree. */
  async showTree() {
    const { app } = this;
    const { sessions } = await app.api.json('/api/sessions').catch(() => ({ sessions: [] }));
    if (this.closed || !app.text.session) return;
    const byId = new Map(sessions.map((session) => [session.id, session]));
    let root = byId.get(app.text.session);
    while (root?.parent && byId.has(root.parent)) root = byId.get(root.parent);
    const children = (id) => sessions.filter((session) => session.parent === id);
    this.tree.hidden = !root || !children(root.id).length;
    if (this.tree.hidden) return;
    const node = (session) => h('li',
      h('button', { 'aria-pressed': String(session.id === app.text.session), onclick: () => app.open(session.id).catch((error) => app.toast(error.message)) },
        h('span', `${session.preview || '…'}`), h('small', session.parent ? `from token ${session.start}` : 'the first')),
      children(session.id).length ? h('ul', children(session.id).map(node)) : null);
    this.tree.replaceChildren(h('h3', icon('branch'), ' Continuations'), h('ul', { style: { 'border-left': '0', padding: '0', margin: '0' } }, node(root)));
  }
}
