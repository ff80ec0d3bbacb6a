// Memory: what the model takes, planned by the same sums as `orrery plan`, and what the process takes now.

import { h } from '../components/dom.js';
import { bytes, count, percent } from '../components/format.js';
import { kind } from '../components/inspector.js';
import { term } from '../components/tips.js';

const formats = ['f32', 'f16', 'q8_0', 'q4_0'];
const parts = [
  { name: 'weights', key: 'weightBytes', tone: 'var(--role-weights)' },
  { name: 'cache', key: 'stateBytes', tone: 'var(--role-state)' },
  { name: 'activations', key: 'activationBytes', tone: 'var(--role-activations)' },
];

export default class Memory {
  constructor(element, app) {
    this.app = app;
    this.wanted = { context: app.model.context, kv: app.model.cacheFormat, users: app.model.users };
    this.total = h('p.total');
    this.fit = h('p.muted');
    this.whole = h('div.bar-whole', { role: 'img' });
    this.share = h('i');
    this.legend = h('div.legend');
    this.layers = h('div.layers');
    this.live = h('div.live');
    this.most = Math.max(app.model.trainedContext, app.model.context);
    element.append(h('div.page.memory',
      h('section', h('h3', 'Planned'), this.total, this.fit),
      h('section.controls', this.contextSlider(), this.usersSlider(), this.formatChoice()),
      h('section', this.whole, h('div.machine', { title: 'of the machine’s memory' }, this.share), this.legend),
      h('section', h('h3', 'Now ', kind('value')), this.live),
      h('section', h('h3', term('cache', 'Caches'), ', layer by layer ', kind('derived')), this.layers)));
  }

  contextSlider() {
    // Steps of the slider are eighths of a doubling.
    const top = Math.log2(this.most) * 8;
    const value = (place) => place >= top ? this.most : Math.max(1, Math.round(2 ** (place / 8)));
    const output = h('output');
    const input = h('input', { type: 'range', min: 32, max: top, step: 'any', oninput: () => { this.wanted.context = value(Number(input.value)); write(); this.later(); } });
    const write = () => { output.textContent = count(this.wanted.context); };
    input.value = Math.log2(this.wanted.context) * 8;
    write();
    return h('label.slider', h('span', term('context', 'tokens of context')), output, input);
  }

  usersSlider() {
    const output = h('output');
    const input = h('input', { type: 'range', min: 0, max: 6, step: 1, oninput: () => { this.wanted.users = 2 ** Number(input.value); write(); this.later(); } });
    const write = () => { output.textContent = count(this.wanted.users); };
    input.value = Math.log2(this.wanted.users);
    write();
    return h('label.slider', h('span', 'texts side by side'), output, input);
  }

  formatChoice() {
    const buttons = formats.map((name) => h('button', {
      'aria-pressed': String(name === this.wanted.kv),
      onclick: () => { this.wanted.kv = name; buttons.forEach((button, index) => button.setAttribute('aria-pressed', String(formats[index] === name))); this.plan(); },
    }, name));
    return h('div', h('p', h('span', 'format of the ', term('cache'))), h('div.choices', buttons));
  }

  async start() {
    await this.plan();
    this.watch();
  }

  later() { clearTimeout(this.timer); this.timer = setTimeout(() => this.plan(), 60); }

  async plan() {
    const turn = this.turn = (this.turn ?? 0) + 1;
    const { context, kv, users } = this.wanted;
    try {
      const plan = await this.app.api.json(`/api/plan?context=${context}&kv=${kv}&users=${users}`);
      if (turn === this.turn && !this.closed) this.draw(plan);
    } catch (error) {
      this.fit.replaceChildren(h('span.wrong', error.message));
    }
  }

  draw(plan) {
    this.last = plan;
    const { machine } = plan;
    this.total.textContent = bytes(plan.totalBytes);
    const words = plan.totalBytes <= machine.memoryBytes ? `of the machine’s ${bytes(machine.memoryBytes)}, of which ${bytes(machine.availableBytes)} are free beside what runs now` : `more than the machine’s ${bytes(machine.memoryBytes)}`;
    const longest = plan.longestContext ? `; ${count(this.wanted.users)} ${this.wanted.users === 1 ? 'text' : 'texts'} of up to ${count(plan.longestContext)} tokens would fit into what is free` : '';
    this.fit.replaceChildren(`${words}${plan.longestContext && plan.longestContext < plan.context ? longest : ''} `, kind('derived'));
    const share = plan.totalBytes / machine.memoryBytes;
    this.share.style.width = `${Math.min(100, 100 * share)}%`;
    this.whole.setAttribute('aria-label', parts.map((part) => `${part.name} ${bytes(plan[part.key])}`).join(', '));
    this.whole.replaceChildren(...parts.map((part) => h('span', { style: { width: `${100 * plan[part.key] / plan.totalBytes}%`, background: part.tone } })));
    this.legend.replaceChildren(...parts.map((part) => h('span', h('i', { style: { background: part.tone } }), term(part.name), ` ${bytes(plan[part.key])}`)),
      h('span.muted', `together ${percent(share)} of the machine`));
    const largest = Math.max(1, ...plan.layers.map((layer) => layer.bytes));
    this.layers.replaceChildren(...plan.layers.map((layer) => h('button', { onclick: () => this.inspect(layer) },
      h('span.muted', `layer ${layer.index}`), h('span.track', h('i', { style: { width: `${100 * layer.bytes / largest}%` } })), h('span.number', bytes(layer.bytes)))));
  }

  inspect(layer) {
    const { kv, context } = this.wanted;
    this.app.set({ layer: layer.index });
    this.app.inspector.show({
      key: 'layer', title: `Layer ${layer.index}`, subtitle: 'what it keeps of one text', kind: 'derived',
      rows: [['bytes', count(layer.bytes)], ['formula', h('span.mono', layer.derivation || 'no state')]],
      body: [h('p.muted', 'Heads × width × rows × bytes of one number, for keys and for values. A layer with a window keeps no more rows than the window has.')],
      command: `orrery plan ${this.app.model.id} --context ${context} --kv ${kv}`,
    });
  }

  watch() {
    const look = async () => {
      if (this.closed) return;
      try {
        const now = await this.app.api.json('/api/memory');
        const fact = (value, words) => h('div', h('b', value), h('span.muted', words));
        this.live.replaceChildren(fact(bytes(now.residentBytes), 'this process holds'),
          ...(now.weightBytes === undefined ? [] : [fact(bytes(now.weightBytes), 'weights, packed'), fact(bytes(now.activationBytes), 'activations'),
            fact(`${bytes(now.heldBytes)}`, `caches of ${count(now.heldPositions)} tokens`), fact(String(now.running), now.running === 1 ? 'text being written' : 'texts being written')]),
          fact(bytes(now.availableBytes), 'free on this machine'));
      } catch { /* shown by the next look that succeeds */ }
      this.clock = setTimeout(look, document.hidden ? 5000 : 1000);
    };
    look();
  }

  update(change) { if (change.loaded) { this.wanted.kv = this.app.model.cacheFormat; this.plan(); } }

  unmount() { this.closed = true; clearTimeout(this.clock); clearTimeout(this.timer); }
}
