// What each part adds to one logit, in the order of the model: bars that stack up to the sum.

import { h } from '../components/dom.js';
import { label, number } from '../components/format.js';
import { kind } from '../components/inspector.js';
import { color } from '../components/theme.js';
import { isOver } from './recording.js';

export class Waterfall {
  constructor(app, recording) {
    Object.assign(this, { app, recording, open: new Set() });
    this.title = h('h2');
    this.note = h('p.small.muted');
    this.rows = h('div.waterfall', { role: 'table' });
    this.strongest = h('div.strongest');
    this.element = h('div.contributions', this.title, this.note, h('div.contribution-pair', this.rows, this.strongest));
  }

  close() { this.closed = true; this.control?.abort(); }

  take(recording) { this.recording = recording; this.shown = null; }

  async show(info, position) {
    const key = `${info.session} ${position} ${info.positions > position + 1 ? 'next' : info.positions}`;
    if (this.shown === key) { if (this.found) this.draw(); return; }
    this.shown = key;
    this.control?.abort();
    const control = (this.control = new AbortController());
    await new Promise((done) => setTimeout(done, 120));
    if (control.signal.aborted || this.closed) return;
    try {
      this.element.classList.add('busy');
      this.found = await this.recording.ask('json', this.recording.path('contributions', { position }), control.signal);
      if (this.closed || control.signal.aborted) return;
      this.element.classList.remove('busy');
      this.position = position;
      this.draw();
    } catch (error) {
      if (isOver(error)) return;
      this.element.classList.remove('busy');
      this.shown = null;
      this.title.textContent = 'Contributions';
      this.note.textContent = error.message;
      this.rows.replaceChildren();
    }
  }

  /** Parts by layer: heads together, networks, biases; opened layers show each head. */
  groups() {
    const groups = [];
    const of = (layer, name, kind) => {
      let group = groups.find((group) => group.layer === layer && group.name === name);
      if (!group) { group = { layer, name, kind, value: 0, parts: [] }; groups.push(group); }
      return group;
    };
    for (const part of this.found.parts) {
      const group = part.kind === 'embedding' ? of(-1, 'embedding', 'state')
        : part.layer === null ? of(1e6, 'final bias', 'weights')
          : part.kind === 'head' || /attn/.test(part.name) ? of(part.layer, `layer ${part.layer} attention`, 'attention')
            : part.kind === 'edit' ? of(part.layer, `layer ${part.layer} edit`, 'state')
              : of(part.layer, `layer ${part.layer} ${part.kind === 'mixer' ? 'mixer' : 'network'}`, 'activations');
      group.value += part.value;
      group.parts.push(part);
    }
    groups.sort((a, b) => a.layer - b.layer || (a.kind === 'attention' ? -1 : 0));
    return groups;
  }

  draw() {
    const { found } = this;
    const { tokens } = this.app.text;
    this.title.replaceChildren('Why ', h('span.token', label(found.token)), ' after ', h('span.token', label(tokens[this.position])));
    this.note.replaceChildren(
      `What each part adds to the logit ${number(found.logit)} (before any cap), norms held as they were; the rest, ${number(found.rest)}, is the rounding of activations. `, kind(found.kind));
    const groups = this.groups();
    let sum = 0;
    const steps = [];
    for (const group of groups) {
      steps.push({ ...group, from: sum });
      sum += group.value;
      if (this.open.has(group.name)) {
        let at = sum - group.value;
        for (const part of group.parts) {
          steps.push({ name: part.head === null ? shortName(part.name) : `head ${part.layer}.${part.head}`, value: part.value, from: at, kind: group.kind, isInner: true, part });
          at += part.value;
        }
      }
    }
    steps.push({ name: 'rounding', value: found.rest, from: sum, kind: 'weights', isInner: false, isRest: true });
    const ends = steps.flatMap((step) => [step.from, step.from + step.value]).concat(0, found.logit);
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    const scale = (value) => (value - low) / Math.max(1e-9, high - low) * 100;
    const line = (step) => h('button.plain.fall', {
      class: `plain fall${step.isInner ? ' inner' : ''}`, role: 'row', title: `${step.name}: ${number(step.value)}`,
      onclick: () => this.toggle(step),
    },
    h('span.name', step.parts && step.parts.length > 1 ? h('i.caret', this.open.has(step.name) ? '▾' : '▸') : h('i.caret'), step.name),
    h('span.track', h('i.zero', { style: { left: `${scale(0)}%` } }),
      h('i.bar', { style: { left: `${scale(Math.min(step.from, step.from + step.value))}%`, width: `${Math.max(0.3, Math.abs(step.value) / Math.max(1e-9, high - low) * 100)}%`, background: `var(--${step.value < 0 ? 'negative' : 'positive'})` } })),
    h('span.number', signed(step.value)));
    this.rows.replaceChildren(...steps.map(line), h('div.fall.total', h('span.name', 'logit'),
      h('span.track', h('i.zero', { style: { left: `${scale(0)}%` } }), h('i.bar', { style: { left: `${scale(Math.min(0, found.logit))}%`, width: `${Math.abs(found.logit) / Math.max(1e-9, high - low) * 100}%`, background: color('accent-fill') } })),
      h('span.number', number(found.logit))));
    this.drawStrongest();
  }

  drawStrongest() {
    const heads = [...this.found.parts].filter((part) => part.kind !== 'bias').sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, 12);
    const range = Math.abs(heads[0]?.value ?? 1);
    this.strongest.replaceChildren(h('h3', 'Strongest parts'), ...heads.map((part) => h('button.plain.product', {
      onclick: () => part.layer !== null && this.app.set(part.head === null ? { layer: part.layer } : { layer: part.layer, head: part.head }),
    }, h('span', part.head === null ? (part.kind === 'embedding' ? 'embedding' : `layer ${part.layer} ${part.kind === 'mixer' ? 'mixer' : 'network'}`) : `head ${part.layer}.${part.head}`),
    h('span'), h('span.number', signed(part.value)),
    h('i', { style: { width: `${Math.abs(part.value) / range * 50}%`, [part.value < 0 ? 'right' : 'left']: '50%', background: `var(--${part.value < 0 ? 'negative' : 'positive'})` } }))));
  }

  toggle(step) {
    if (step.part) { if (step.part.head !== null) this.app.set({ layer: step.part.layer, head: step.part.head }); return; }
    if (!step.parts || step.parts.length < 2) return;
    if (!this.open.delete(step.name)) this.open.add(step.name);
    this.draw();
  }
}

function signed(value) { return `${value < 0 ? '−' : '+'}${number(Math.abs(value))}`; }

function shortName(name) { return name.replace(/^blocks\.\d+\./, '').replace(/^blk\.\d+\./, ''); }
