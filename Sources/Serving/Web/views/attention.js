// Attention: every head at a glance, then one head: its matrix, its arcs, and what the selected token looks at.

import { h } from '../components/dom.js';
import { term } from '../components/tips.js';
import { Recording, held, isOver, throttled } from './recording.js';
import { Glance } from './attention-glance.js';
import { HeadMatrix } from './attention-matrix.js';
import { Reading } from './attention-reading.js';
import { showCell, showHead } from './attention-inspector.js';
import { exportButton } from './export.js';

export default class Attention {
  constructor(element, app) {
    this.app = app;
    this.recording = new Recording(app);
    this.status = h('p.muted.small', { role: 'status' });
    this.glance = new Glance(app, this.recording, (layer, head) => { this.isAsked = true; app.set({ layer, head }); });
    this.matrix = new HeadMatrix(app, this.recording, {
      hover: (cell) => this.hover(cell),
      pick: (row) => { app.clock.pause(); app.set({ token: row, step: null }); },
    });
    this.reading = new Reading(app, this.recording);
    this.title = h('h2');
    this.empty = h('p.muted', 'No text yet: write a beginning above, and run it.');
    this.content = h('div.attention-parts', { hidden: true },
      h('section', h('h3', 'Every ', term('head'), ', layer by layer: rows look, columns are looked at'), this.glance.element),
      h('section.attention-head', h('header', this.title, this.matrix.legend, exportButton(app)),
        h('div.attention-pair', this.matrix.element, this.reading.element)));
    element.append(h('div.page.attention', this.status, this.empty, this.content));
    this.soon = throttled(() => this.refresh(), 700);
  }

  start() { return this.refresh(); }

  unmount() {
    this.closed = true;
    this.soon.cancel();
    this.recording.close();
    this.glance.close();
    this.matrix.close();
  }

  /** On narrow screens the inspector covers the view, so it waits to be asked for. */
  get speaks() { return innerWidth > 820 || this.isAsked; }
  get layer() { return Math.max(0, Math.min(this.app.state.layer ?? 0, (this.info?.layers.length ?? 1) - 1)); }
  get head() { return Math.max(0, Math.min(this.app.state.head ?? 0, (this.info?.layers[this.layer]?.heads ?? 1) - 1)); }
  /** The selected token among the recorded ones. */
  get row() { return Math.max(0, Math.min(this.app.current(), (this.info?.positions ?? 1) - 1)); }

  update(change) {
    if (change.text === 'session' || change.text === 'begin') {
      this.recording.close();
      this.recording = new Recording(this.app);
      for (const part of [this.glance, this.matrix, this.reading]) part.take(this.recording);
      this.info = null;
      this.soon();
    } else if (change.text === 'token' || change.text === 'end') {
      this.soon();
    }
    if ('layer' in change || 'head' in change || 'token' in change || 'theme' in change) this.select('theme' in change);
  }

  async refresh() {
    try {
      const info = await this.recording.describe();
      if (this.closed) return;
      this.content.hidden = !info?.positions;
      this.empty.hidden = Boolean(info?.positions);
      if (!info?.positions) return;
      const first = !this.info;
      this.info = info;
      this.status.textContent = held(info);
      this.select(true);
      if (first || !this.app.text.running || performance.now() - (this.drawn ?? 0) > 3000) {
        this.drawn = performance.now();
        this.glance.show(info, this.layer, this.head);
      }
    } catch (error) {
      if (isOver(error) || this.closed) return;
      this.content.hidden = true;
      this.empty.hidden = false;
      this.empty.textContent = error.message;
    }
  }

  /** Shows the selected head and token; `anew` where the numbers may have changed. */
  select(anew) {
    if (!this.info) return;
    const { layer, head, row } = this;
    const site = this.info.layers[layer];
    this.title.textContent = `Layer ${layer}, head ${head}`;
    this.glance.select(layer, head, anew);
    if (!site?.heads) {
      this.title.textContent = `Layer ${layer} mixes tokens without attention`;
      return;
    }
    this.matrix.show({ layer, head, row, count: this.info.positions }, anew);
    this.reading.show({ layer, head, row, count: this.info.positions });
    if (!this.cell && this.speaks) showHead(this.app, this.glance.scores(layer, head), site, { layer, head });
    this.glance.whenScored(layer, () => {
      if (!this.closed && !this.cell && this.speaks && this.layer === layer) showHead(this.app, this.glance.scores(layer, this.head), site, { layer, head: this.head });
    });
  }

  hover(cell) {
    this.cell = cell;
    const { layer, head } = this;
    if (!cell) return this.select(false);
    this.reading.mark(cell.column);
    showCell(this.app, this.recording, { ...cell, layer, head });
  }
}
