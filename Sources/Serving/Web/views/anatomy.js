// Anatomy: the whole model in space, from all of it down to one number, and the pass through it step by step.

import { h } from '../components/dom.js';
import { Geometry } from '../gl/geometry.js';
import { title } from '../gl/names.js';
import { SceneSource } from './anatomy-source.js';
import { fill } from './anatomy-pictures.js';
import { Stage } from './anatomy-stage.js';
import { Inspection } from './anatomy-inspection.js';
import { Walk } from './anatomy-walk.js';
import { SmallMap } from './anatomy-map.js';
import { Comparison } from './anatomy-shapes.js';
import { Steps } from './anatomy-steps.js';
import { tensors } from './anatomy-find.js';
import { find, sources } from '../components/find.js';

export default class Anatomy {
  constructor(element, app) {
    this.app = app;
    this.element = element;
    this.geometry = null;
    this.shapes = [];
    this.source = null;
    this.loading = 0;
  }

  async start() {
    const canvas = h('canvas.picture', { tabindex: '0', 'aria-label': 'The model in three dimensions' });
    const words = h('canvas.words', { 'aria-hidden': 'true' });
    this.card = h('div.card', { hidden: true });
    this.legend = h('div.legend', { hidden: true });
    this.note = h('p.note', { role: 'status' }, 'Laying out the model …');
    this.panel = h('section.walk', { hidden: true, 'aria-live': 'polite' });
    const button = (name, label, action) => h('button.tool', { title: label, onclick: action }, name);
    this.orbitButton = button('Turn', 'Drag turns the model (or hold shift)', () => this.setOrbit(!this.stage.orbits));
    this.walkButton = button('Walk me through', 'A guided walk, in chapters', () => this.walk.toggle());
    this.tools = h('div.tools',
      this.walkButton,
      this.compareButton = button('Beside others', 'Other models at the same scale', () => this.comparison.toggle()),
      button('Find', 'Find any tensor or token (/)', () => find(this.app)),
      this.orbitButton,
      button('Home', 'The whole model (h, or double click beside it)', () => this.home()));
    this.mapCanvas = h('canvas.map', { 'aria-label': 'Small map' });
    window.anatomy = this;
    this.root = h('div.anatomy', canvas, words, this.tools, this.panel, this.legend, this.mapCanvas, this.card, this.note);
    this.element.append(this.root);
    try {
      this.stage = new Stage(canvas, words, {
        hover: (hit, at) => this.inspection.hover(hit, at),
        select: (hit) => this.inspection.select(hit),
        moved: () => { this.steps.follows = false; this.walk.strayed(); },
        painted: (overlay, camera) => this.map.draw(camera),
        sized: () => { this.arrange(); if (this.stage.geometries.length) this.stage.home(0); },
        lost: () => this.say('The graphics processor let go of the picture. Reload the page to draw it again.'),
      });
    } catch (error) {
      this.say(error.message);
      return;
    }
    const { app } = this;
    this.inspection = new Inspection(this);
    this.walk = new Walk(this, this.panel);
    this.map = new SmallMap(this.mapCanvas, this.stage);
    this.comparison = new Comparison(this);
    this.steps = new Steps(this);
    this.onKey = (event) => {
      if (event.target.matches?.('input, textarea, select') || event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.querySelector('dialog[open]')) return;
      // The pass runs down, and so do its steps; left and right are the text's tokens.
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (by) { event.preventDefault(); app.clock.pause(); app.clock.move(by, 'step'); }
      const nearer = { '+': 1.25, '=': 1.25, '-': 0.8 }[event.key];
      if (nearer) { event.preventDefault(); this.stage.camera.flight = null; this.stage.camera.zoom(nearer); this.stage.on.moved(); this.stage.draw(); }
      if (event.key === 'Escape' && !this.panel.hidden) this.walk.toggle(false);
    };
    addEventListener('keydown', this.onKey, true);
    this.tensors = tensors(this);
    sources.add(this.tensors);
    this.watch = new ResizeObserver(() => { this.arrange(); this.map.rebuild(); });
    this.watch.observe(this.root);
    this.arrange();
    await this.load();
  }

  /** Tells the stage what covers the picture. */
  arrange() {
    const { root, stage, panel, tools, mapCanvas } = this;
    if (!stage) return;
    const own = root.getBoundingClientRect();
    const rectangle = (element) => { const box = element.getBoundingClientRect(); return [box.left - own.left, box.top - own.top, box.width, box.height]; };
    const parts = [...tools.children, mapCanvas, ...(panel.hidden ? [] : [panel])];
    stage.reserved = parts.map(rectangle);
    const isNarrow = own.width < 700;
    const panelBox = panel.hidden ? null : rectangle(panel);
    stage.insets = {
      top: tools.offsetTop + tools.offsetHeight + (this.shapes.length ? 76 : 8), bottom: panelBox && isNarrow ? own.height - panelBox[1] : 12,
      left: panelBox && !isNarrow ? panelBox[0] + panelBox[2] + 12 : 12, right: isNarrow ? 12 : 112,
    };
    stage.draw();
  }

  say(words) {
    this.note.textContent = words ?? '';
    this.note.hidden = !words;
  }

  setOrbit(orbits) {
    this.stage.orbits = orbits;
    this.orbitButton.setAttribute('aria-pressed', String(orbits));
  }

  home() { this.steps.follows = false; this.stage.home(); }

  /** Reads the scene for the present text and shows it where the last one was. */
  async load() {
    const { app } = this;
    // A text that the address names is on its way: its scene comes with it.
    if (app.state.session && app.state.session !== app.text.session && !this.geometry) {
      this.say('Reading the text …');
      return;
    }
    const turn = (this.loading += 1);
    const session = app.text.session;
    const count = app.text.tokens.length;
    let scene;
    try {
      scene = await app.api.json(session && count ? `/api/scene?session=${session}&tokens=${count}` : '/api/scene?tokens=8');
    } catch (error) {
      if (turn === this.loading) this.say(error.message);
      return;
    }
    if (turn !== this.loading || !this.root.isConnected) return;
    const isFirst = !this.geometry;
    const isSame = this.geometry && this.geometry.scene.model === app.model?.id;
    scene.model = app.model?.id;
    this.shown = { session, count };
    this.source?.close();
    this.geometry = new Geometry(scene);
    if (this.shapes.length) this.geometry.title = app.model?.id ?? '';
    this.source = new SceneSource(app, this.geometry, session, session && count ? count : 8);
    this.stage.source = this.source;
    this.stage.tiles.source = this.source;
    this.place();
    this.say(null);
    this.steps.begin();
    if (isFirst || !isSame) {
      this.stage.home(0);
      this.inspection.restore();
    }
    const { source } = this;
    let problem = null;
    const slow = setTimeout(() => this.say(session && count ? `Working out the values of ${count} tokens …` : 'Reading the weights …'), 1200);
    try {
      if (await fill(this.stage, source, this.geometry.blocks)) this.inspection.chooseExperts();
    } catch (error) {
      if (!source.isClosed) problem = error.message;
    }
    clearTimeout(slow);
    if (source.isClosed) return;
    this.say(problem);
    this.walk.refresh();
  }

  /** Puts the model and those beside it where they belong. */
  place() {
    this.stage.setGeometries([this.geometry, ...this.comparison.placed(this.geometry)]);
    this.inspection.reset();
    this.map.rebuild();
  }

  update(change) {
    if (!this.stage) return;
    if (change.theme) { this.stage.retheme(); this.map.rebuild(); }
    if (change.home && this.geometry) this.home();
    if (change.loaded !== undefined) this.geometry = null;
    if (change.text === 'session' || change.text === 'end' || ('session' in change && !change.session)) this.later(0);
    else if (change.text === 'token') this.later(1200);
    if ('step' in change || 'token' in change || change.clock === 'play' || change.clock === 'pause') this.steps.show();
    if ('token' in change) this.inspection.chooseExperts();
    if ('tensor' in change && change.tensor !== this.inspection.selected?.block.name) this.inspection.restore();
    if ('session' in change && this.shown?.session !== change.session) this.later(0);
  }

  /** Reads the scene again once, soon. */
  later(milliseconds) {
    if (this.timer && milliseconds) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = 0;
      const { session, tokens } = this.app.text;
      if (this.shown?.session !== session || this.shown?.count !== tokens.length || !this.geometry) this.load();
    }, milliseconds);
  }

  blockTitle(block) { return title(block); }

  unmount() {
    clearTimeout(this.timer);
    this.loading += 1;
    this.source?.close();
    this.watch?.disconnect();
    removeEventListener('keydown', this.onKey, true);
    sources.delete(this.tensors);
    this.steps?.end();
    this.inspection?.end();
    this.stage?.free();
  }
}
