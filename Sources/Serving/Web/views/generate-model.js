// The model beside the sentence: its real blocks, a light through them for each token, the text's values when it rests.

import { h, icon } from '../components/dom.js';
import { count } from '../components/format.js';
import { term } from '../components/tips.js';
import { Geometry } from '../gl/geometry.js';
import { title } from '../gl/names.js';
import { fill } from './anatomy-pictures.js';
import { SceneSource } from './anatomy-source.js';
import { Stage } from './anatomy-stage.js';

/** Rows that activations have while no text's values are shown. */
const bare = 8;
/** Tokens, and tokens times weights, up to which a text's values are worked out for this picture. */
const most = { tokens: 256, products: 2 ** 34 };
/** Milliseconds that the light of one pass takes, the share of the pass that it covers, and the longest a frame may take. */
const pass = { least: 300, most: 600, share: 0.18, frame: 100 };
/** Pixels that names of the model's parts take at each side. */
const named = 104;

export class ModelBeside {
  /** Throws where there is no WebGL2. */
  constructor(place, app) {
    Object.assign(this, { place, app, turn: 0, geometry: null, source: null, shown: null, isReading: false, hovered: null });
    Object.assign(this, { beat: 0, last: 0, waits: false, isSlow: false });
    const canvas = h('canvas', { role: 'img', 'aria-label': 'The model in three dimensions' });
    const words = h('canvas.words', { 'aria-hidden': 'true' });
    this.says = h('span');
    this.shows = h('small.muted');
    this.figure = h('div.still', canvas, words);
    this.caption = h('figcaption', { hidden: true }, this.says,
      h('button.plain', { title: 'Go into the model', onclick: () => this.enter(null) }, 'Open Anatomy', icon('next')), this.shows);
    place.replaceChildren(this.figure, this.caption);
    this.stage = new Stage(canvas, words, {
      hover: (hit) => this.hover(hit),
      select: (hit) => this.enter(hit),
      sized: () => this.home(),
      lost: () => this.end(),
    }, { isStill: true });
    window.beside = this;
    this.load();
  }

  /** All of the model, with the names of its parts where there is room for them. */
  home() {
    if (!this.geometry) return;
    const { stage, geometry: { bounds: [x0, y0, x1, y1] } } = this;
    const { width, height } = stage.camera;
    stage.isNamed = width - 2 * named >= Math.min(280, height * (x1 - x0) / (y1 - y0));
    const side = stage.isNamed ? named : 0;
    stage.home(0, { share: 0.94, insets: { left: side, right: side } });
  }

  update(change) {
    if (this.isEnded) return;
    if (change.theme) this.stage.retheme();
    if (change.text === 'begin') this.wait();
    else if (change.text === 'end' || (change.text === 'session' && !this.app.text.running)) this.load();
    if (change.text === 'token' || typeof change.token === 'number') this.light();
  }

  /** A text begins: nothing is asked of the server until it rests; what was seen last stays. */
  wait() {
    this.turn += 1;
    this.source?.close();
    this.isReading = false;
    this.tell();
  }

  /** Lays the model out for the present text, with its values where they are quickly had. */
  async load() {
    const { app } = this;
    const turn = (this.turn += 1);
    this.source?.close();
    const { session, tokens: { length }, running } = app.text;
    try {
      this.bare ??= await this.lay(bare);
      this.parameters ??= this.bare.parameters();
      if (turn !== this.turn) return;
      const hasValues = Boolean(session && length) && !running && length <= most.tokens && length * this.parameters <= most.products;
      const geometry = hasValues ? await this.lay(length) : (running && this.geometry) || this.bare;
      if (turn !== this.turn) return;
      this.isReading = !running;
      if (!running) this.shown = hasValues ? session : null;
      this.show(geometry);
      const source = this.source = new SceneSource(app, geometry, this.shown, hasValues ? length : bare);
      const size = this.stage.renderer.pictureSize;
      const isWanted = (block) => (running ? source.known(block, size) : hasValues || block.isWeight);
      await fill(this.stage, source, geometry.blocks.filter((block) => !block.picture && isWanted(block)));
    } catch (error) {
      if (turn === this.turn) console.info(error.message);
    }
    if (turn !== this.turn) return;
    this.isReading = false;
    this.tell();
  }

  async lay(tokens) { return new Geometry(await this.app.api.json(`/api/scene?tokens=${tokens}`)); }

  show(geometry) {
    if (geometry !== this.geometry) {
      this.geometry = geometry;
      this.steps = geometry.steps().map(({ order }) => order);
      this.hovered = null;
      this.stage.focus = [];
      for (const block of geometry.blocks) block.picture = null;
      this.stage.setGeometries([geometry]);
      this.home();
    }
    this.place.classList.add('shown');
    this.caption.hidden = false;
    this.tell();
  }

  /** What is seen, in words. */
  tell() {
    const { hovered, app, shown } = this;
    if (!this.geometry) return;
    if (hovered) {
      this.says.replaceChildren(hovered.layer === null ? title(hovered) : `${title(hovered)}, block ${hovered.layer}`);
      this.shows.textContent = hovered.shape.map(count).join(' × ');
      return;
    }
    const { running, session } = app.text;
    this.says.replaceChildren(`${app.model.layers} layers, ${rounded(this.parameters)} `, term('weights'));
    const text = shown && (shown === session && !running ? 'this text' : 'the last text');
    const colours = `Blue is below zero, orange above: its weights${text ? `, and ${text} on its way through them` : ''}.`;
    const beyond = session && !shown && !running ? ' This text\u2019s own values are in the Anatomy.' : '';
    this.shows.textContent = running && !isCalm() && !this.isSlow ? 'While it writes, a light runs through its steps in their order.'
      : this.isReading ? 'Fetching its numbers …' : colours + beyond;
  }

  hover(hit) {
    const block = hit?.block ?? null;
    if (block === this.hovered || !this.geometry) return;
    this.hovered = block;
    this.stage.focus = block ? [block] : [];
    this.stage.renderer.setFocus(this.stage.focus);
    this.stage.draw();
    this.tell();
  }

  /** Goes into the model, to a block where one is chosen. */
  enter(hit) {
    const { app } = this;
    const block = hit?.block;
    const token = app.text.tokens.length ? app.current() : null;
    app.clock.pause();
    app.set({
      view: 'anatomy', token, tensor: block?.name ?? null, row: block ? (block.isWeight ? 0 : token) : null, column: block ? 0 : null,
      head: block?.copies > 1 && block.shape.length === 3 ? hit.copy : app.state.head ?? null,
    });
  }

  /**
   * Sends a light through the steps of a pass; of tokens that come meanwhile, the latest sends the next. Where frames are
   * slow, drawn without a graphics processor, the picture rests while tokens are written, which need the same threads.
   */
  light() {
    if (!this.geometry || isCalm() || (this.isSlow && this.app.text.running)) return;
    const { top, bottom } = this.figure.getBoundingClientRect();
    if (bottom < 0 || top > innerHeight) return;
    const now = performance.now();
    this.pace = Math.max(pass.least, Math.min(pass.most, now - this.last));
    this.last = now;
    this.waits = true;
    this.beat ||= requestAnimationFrame((time) => this.start(time));
  }

  start(now) {
    this.waits = false;
    this.began = now;
    this.frames = 0;
    this.length = this.pace;
    this.shine(now);
  }

  shine(now) {
    const { steps, stage } = this;
    const share = (now - this.began) / this.length;
    this.frames += 1;
    if (share >= 1) {
      // A page that was hidden meanwhile says nothing of how quick frames are.
      if (now - this.began < 5000) this.isSlow = (now - this.began) / (this.frames - 1) > pass.frame;
      stage.shine(Infinity, 0);
      this.tell();
      this.beat = this.waits ? requestAnimationFrame((time) => this.start(time)) : 0;
      return;
    }
    // The light goes evenly from step to step, and leaves at the end.
    const last = steps.length - 1;
    const glow = Math.max(1, (steps[last] - steps[0]) * pass.share);
    const place = Math.max(0, share) * (1 + pass.share) * last;
    stage.shine(steps[Math.min(last, Math.floor(place))] + Math.max(0, place / last - 1) * glow / pass.share, glow);
    this.beat = requestAnimationFrame((time) => this.shine(time));
  }

  /** The graphics processor let go of the picture: the sentence stands alone. */
  end() {
    if (this.isEnded) return;
    this.unmount();
    this.place.remove();
  }

  unmount() {
    this.isEnded = true;
    this.turn += 1;
    this.source?.close();
    cancelAnimationFrame(this.beat);
    this.geometry = null;
    this.stage.free();
  }
}

function isCalm() { return matchMedia('(prefers-reduced-motion: reduce)').matches; }

/** A number of weights with three digits: 3.93 million. */
function rounded(value) {
  for (const [unit, word] of [[1e9, 'billion'], [1e6, 'million']]) if (value >= unit) return `${(value / unit).toPrecision(3)} ${word}`;
  return count(value);
}
