// Tokens: how a text becomes pieces, with any tokenizer on this machine, two side by side.

import { h, icon } from '../components/dom.js';
import { bytes, count, label } from '../components/format.js';
import { term } from '../components/tips.js';
import { stages } from './tokens-stages.js';

const sample = 'The quick brown fox can’t jump over 13 lazy dogs.\nNaïve café — 東京 🦊';
const stageLimit = 16384;

export default class Tokens {
  constructor(element, app) {
    this.app = app;
    this.turn = 0;
    this.input = h('textarea', { 'aria-label': 'Text', spellcheck: 'false', oninput: () => this.later() });
    this.input.value = sample;
    this.special = check('Add the tokens around it', false, () => this.run());
    this.parse = check('Read written-out control tokens', true, () => this.run());
    this.template = check('As a conversation, in the chat template', false, () => this.run());
    this.columns = h('div.columns');
    this.place = h('div.page.tokens-page', h('h2', 'How a text becomes tokens'), this.input,
      h('div.options', this.special.label, this.parse.label, this.template.label), this.columns);
    element.append(this.place);
  }

  async start() {
    this.names = (await this.app.api.json('/api/tokenizers').catch(() => ({ tokenizers: [] }))).tokenizers;
    if (this.closed) return;
    const { state, model } = this.app;
    const first = model?.hasTokenizer ? null : this.names[0] ?? null;
    this.shown = [String(state.tokenizer ?? '') || first];
    if (state.second) this.shown.push(String(state.second));
    this.draw();
  }

  update(change) { if (change.loaded !== undefined) this.start(); }

  unmount() { this.closed = true; }

  later() { clearTimeout(this.timer); this.timer = setTimeout(() => this.run(), 120); }

  draw() {
    this.places = this.shown.map((name, index) => this.column(name, index));
    const add = this.shown.length < 2 && this.names.length > 1
      ? h('button', { style: { 'justify-self': 'start' }, onclick: () => { this.shown.push(this.names.find((name) => name !== this.shown[0]) ?? null); this.remember(); this.draw(); } }, 'Compare with another')
      : null;
    this.columns.replaceChildren(...this.places.map((place) => place.element), ...(add ? [add] : []));
    this.run();
  }

  remember() { this.app.set({ tokenizer: this.shown[0], second: this.shown[1] ?? null }); }

  column(name, index) {
    const loaded = this.app.model?.hasTokenizer ? [h('option', { value: '' }, `${this.app.model.id} (loaded)`)] : [];
    const select = h('select', { 'aria-label': 'Tokenizer', onchange: () => { this.shown[index] = select.value || null; this.remember(); this.run(); } },
      loaded, this.names.map((name) => h('option', { value: name }, name)));
    select.value = name ?? '';
    const drop = index > 0 ? h('button.icon', { 'aria-label': 'Leave out', onclick: () => { this.shown.splice(index, 1); this.remember(); this.draw(); } }, icon('close')) : null;
    const body = h('div.column');
    return { element: h('div.column', h('div.head', select, drop), body), body };
  }

  async run() {
    const turn = ++this.turn;
    await Promise.all(this.shown.map(async (name, index) => {
      const { body } = this.places[index];
      try {
        const nodes = await this.nodes(name);
        if (turn === this.turn && !this.closed) body.replaceChildren(...nodes);
      } catch (error) {
        if (turn === this.turn && !this.closed) body.replaceChildren(h('p.wrong', error.message));
      }
    }));
  }

  async nodes(name) {
    const { api } = this.app;
    const named = name ? { tokenizer: name } : {};
    let text = this.input.value;
    const extra = [];
    if (this.template.input.checked) {
      const rendered = await api.json('/api/template', { ...named, messages: [{ role: 'user', content: text }] });
      text = rendered.text;
      extra.push(h('details', { open: true }, h('summary', h('span', term('chat template'), ' rendered')), h('pre.template', text)));
    }
    const wantsStages = new TextEncoder().encode(text).length <= stageLimit;
    const result = await api.json('/api/tokenize', {
      ...named, text, addSpecial: this.special.input.checked && !this.template.input.checked,
      parseSpecial: this.parse.input.checked || this.template.input.checked, stages: wantsStages,
    });
    return [counts(result), ...extra, this.pieces(result.tokens), wantsStages ? stages(result) : h('p.muted', 'Stages are shown for texts of at most 16 KiB.')];
  }

  pieces(tokens) {
    const most = 4000;
    const place = h('div.pieces', tokens.slice(0, most).map((token, index) => {
      const isOdd = token.isControl || token.text === undefined;
      return h(isOdd ? 'span.p.special' : 'span.p', { 'data-index': index, title: `${token.id}` }, isOdd ? label(token) : token.text);
    }), tokens.length > most ? h('p.muted', `… and ${count(tokens.length - most)} more`) : null);
    place.addEventListener('click', (event) => {
      const span = event.target.closest('.p');
      if (!span) return;
      place.querySelector('[aria-pressed]')?.removeAttribute('aria-pressed');
      span.setAttribute('aria-pressed', 'true');
      inspect(this.app, tokens[Number(span.dataset.index)], Number(span.dataset.index));
    });
    return place;
  }
}

function check(words, isOn, change) {
  const input = h('input', { type: 'checkbox', onchange: change });
  input.checked = isOn;
  return { input, label: h('label.check', input, words) };
}

function counts(result) {
  const per = result.count ? (result.bytes / result.count).toFixed(2) : '–';
  const fact = (value, words) => h('span', h('b', value), h('span.muted', ` ${words}`));
  return h('div.counts', fact(count(result.count), result.count === 1 ? 'token' : 'tokens'), fact(count(result.characters), 'characters'),
    fact(bytes(result.bytes), 'of text'), fact(per, 'bytes a token'), fact(result.kind, `of ${count(result.vocabulary)} tokens`));
}

/** A token on its own: its number, text and bytes. */
function inspect(app, token, index) {
  const encoded = token.text === undefined ? token.bytes : [...new TextEncoder().encode(token.text)].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(' ');
  const points = token.text === undefined ? '–' : [...token.text].map((sign) => `U+${sign.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}`).join(' ');
  app.inspector.show({
    key: 'piece', title: label(token), subtitle: `piece ${index}`, kind: 'value',
    rows: [['id', String(token.id)], ['bytes', h('span.mono', encoded)], ['characters', h('span.mono', points)],
      ['kind', token.isControl ? term('control token') : 'text']],
  });
}
