// Lens: what the model would say after each layer, and what each of its parts adds to the word it chose.

import { h } from '../components/dom.js';
import { term } from '../components/tips.js';
import { Recording, held, isOver, throttled } from './recording.js';
import { LensGrid } from './lens-grid.js';
import { Waterfall } from './lens-waterfall.js';
import { exportButton } from './export.js';

export default class Lens {
  constructor(element, app) {
    this.app = app;
    this.recording = new Recording(app);
    this.grid = new LensGrid(app, this.recording);
    this.waterfall = new Waterfall(app, this.recording);
    this.status = h('p.muted.small', { role: 'status' });
    this.empty = h('p.muted', 'No text yet: write a beginning above, and run it.');
    this.content = h('div.lens-parts', { hidden: true },
      h('section', h('h3', 'The next token as each ', term('layer'), ' would have it: the ', term('logit lens')), this.grid.element),
      h('section', this.waterfall.element), exportButton(app));
    element.append(h('div.page.lens', this.status, this.empty, this.content));
    this.soon = throttled(() => this.refresh(), 900);
  }

  start() { return this.refresh(); }

  unmount() {
    this.closed = true;
    this.soon.cancel();
    this.recording.close();
    this.grid.close();
    this.waterfall.close();
  }

  update(change) {
    if (change.text === 'session' || change.text === 'begin') {
      this.recording.close();
      this.recording = new Recording(this.app);
      this.grid.take(this.recording);
      this.waterfall.take(this.recording);
      this.soon();
    } else if (change.text === 'token' || change.text === 'end') this.soon();
    if ('token' in change || 'layer' in change || 'step' in change || 'theme' in change) this.select();
  }

  async refresh() {
    try {
      const info = await this.recording.describe();
      if (this.closed) return;
      this.content.hidden = !info?.positions;
      this.empty.hidden = Boolean(info?.positions);
      if (!info?.positions) return;
      this.info = info;
      this.status.textContent = this.app.text.running ? 'The lens reads when the model pauses: it never holds up a token.' : held(info);
      this.select();
    } catch (error) {
      if (isOver(error) || this.closed) return;
      this.content.hidden = true;
      this.empty.hidden = false;
      this.empty.textContent = error.message;
    }
  }

  select() {
    if (!this.info) return;
    const position = Math.max(0, Math.min(this.app.current(), this.info.positions - 1));
    this.grid.show(this.info, position);
    this.waterfall.show(this.info, position);
  }
}
