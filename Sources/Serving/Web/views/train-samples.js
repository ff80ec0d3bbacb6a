// What the model wrote on its way, at the step that is looked at.

import { h } from '../components/dom.js';
import { count } from '../components/format.js';
import { kind } from '../components/inspector.js';

export class Samples {
  constructor(app, course) {
    Object.assign(this, { app, course, key: null });
    this.list = h('ul');
    this.when = h('span.muted.small');
    this.element = h('section.samples', h('h3', 'What it writes ', this.when, ' ', kind('value')), this.list);
  }

  draw() {
    const { course } = this;
    const latest = new Map();
    let step = null;
    for (const sample of course.samples) {
      if (sample.step > course.at) continue;
      latest.set(sample.prompt, sample);
      step = sample.step;
    }
    this.element.hidden = !latest.size;
    const key = JSON.stringify([...latest.values()]);
    if (key === this.key) return;
    this.key = key;
    this.when.textContent = step === null ? '' : `after step ${count(step)}`;
    this.list.replaceChildren(...[...latest.values()].map((sample) => h('li', { 'data-prompt': sample.prompt },
      h('span.prompt', sample.prompt.trim() ? sample.prompt : '⏎'), h('span.written', sample.text))));
  }
}
