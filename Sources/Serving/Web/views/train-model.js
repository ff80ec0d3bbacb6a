// The run's own model in space at the step that is looked at: its weights, how far they have come, or their gradients.

import { h } from '../components/dom.js';
import { count, number } from '../components/format.js';
import { kind } from '../components/inspector.js';
import { Geometry } from '../gl/geometry.js';
import { title } from '../gl/names.js';
import { fill } from './anatomy-pictures.js';
import { SceneSource } from './anatomy-source.js';
import { Stage } from './anatomy-stage.js';
import { Latest, contentOf } from './train-course.js';
import { Weights } from './train-weights.js';

/** What blocks may show: the choice's name, how it is obtained, and what one sees. */
const contents = {
  weights: ['weights', 'value', 'Blue below zero, orange above; each block has one scale at all steps.'],
  change: ['change since the first', 'derived', 'How far each weight has come since the first copy that is kept; each block has one scale at all steps.'],
  gradients: ['gradients', 'derived', 'The gradient of the held-out text\u2019s loss with these weights: orange where a little more would make the loss grow, blue where it would fall. Between the weights stand the gradients of the values that they make. Each block and step has its own scale.'],
};
/** Pixels that names of the model's parts take at each side. */
const named = 104;
/** Pixels that a copy of a block has where a ring around it leaves its values to be seen. */
const ringed = 16;

/** Pictures of a run's blocks at one step. */
class RunSource extends SceneSource {
  path = '/api/training';

  constructor(app, geometry, { run, step, show, last }) {
    super(app, geometry, null, 0);
    this.place = { run, step, show };
    // Colours are ranged by the last weights.
    this.model = `${run}/${step}/${show}/${show === 'gradients' ? '' : last}`;
  }
}

export class Model {
  constructor(app, course) {
    Object.assign(this, { app, course, geometry: null, hovered: null, focus: null });
    this.weights = new Weights(app, course);
    this.modes = Object.entries(contents).map(([name, [text]]) => h('button', { 'data-show': name, onclick: () => app.set({ show: name }) }, text));
    this.kind = h('span');
    this.says = h('p');
    this.shows = h('p.muted.small');
    const canvas = h('canvas.picture', { role: 'img', 'aria-label': 'The model in three dimensions' });
    const words = h('canvas.words', { 'aria-hidden': 'true' });
    this.figure = h('figure.space', canvas, words);
    this.shown = h('div.shown', h('div.line', h('h3', 'The model as it learns ', this.kind), h('span.choices', this.modes)), this.figure, this.says, this.shows);
    this.closed = h('div.closed', { hidden: true });
    this.element = h('section.model', this.shown, this.closed);
    try {
      this.stage = new Stage(canvas, words, {
        hover: (hit) => this.hover(hit?.block ?? null),
        select: (hit) => { if (hit?.block.isWeight) app.set({ tensor: hit.block.name }); },
        sized: () => this.home(),
        lost: () => this.withoutPicture(),
      }, { isStill: true });
    } catch {
      // Without WebGL2 the chosen weight stands alone.
      this.withoutPicture();
    }
    this.latest = new Latest((wish) => this.paint(wish), (_, error) => { if (error) this.says.textContent = error.message; });
  }

  withoutPicture() {
    this.stage?.free();
    this.stage = null;
    this.figure.remove();
  }

  unmount() {
    this.source?.close();
    this.stage?.free();
    this.stage = null;
  }

  home() {
    if (!this.geometry) return;
    const { stage } = this;
    const beside = stage.camera.width > 2 * named + 240 ? named : 0;
    stage.isNamed = beside > 0;
    // No higher than the model needs at this width.
    const [x0, y0, x1, y1] = stage.bounds();
    this.figure.style.maxHeight = `${Math.round(Math.max(280, (stage.camera.width - 2 * beside) * (y1 - y0) / (x1 - x0) * 1.15 + 48))}px`;
    stage.home(0, { share: 0.96, yaw: -0.22, pitch: 0.08, insets: { left: beside, right: beside } });
  }

  draw() {
    const { course, app } = this;
    const { snapshot, snapshots, run } = course;
    this.element.hidden = snapshot === null && !course.isRecorded;
    this.shown.hidden = this.weights.element.hidden = snapshot === null;
    this.drawClosed();
    if (snapshot === null) return;
    const show = contentOf(app.state);
    const [, obtained, words] = contents[show];
    this.modes.forEach((button) => {
      button.setAttribute('aria-pressed', String(button.dataset.show === show));
      button.hidden = button.dataset.show === 'change' && snapshots.steps.length < 2 && show !== 'change';
    });
    this.kind.replaceChildren(kind(obtained));
    this.shows.textContent = `${show === 'gradients' ? 'At' : 'After'} step ${count(snapshot)}. ${words}`;
    this.weights.draw();
    if (!this.stage) return;
    if (this.themed !== document.documentElement.dataset.theme) {
      this.themed = document.documentElement.dataset.theme;
      this.stage.retheme();
    }
    const wish = { run: run.id, step: snapshot, show, last: snapshots.steps.at(-1) };
    this.latest.want(Object.values(wish).join('/'), wish);
    this.mark();
  }

  /** Pictures of all blocks for one wish; who scrubs on meanwhile gets the next one. */
  async paint(wish) {
    const { app } = this;
    if (this.run !== wish.run) {
      const geometry = new Geometry(await app.api.json(`/api/training/scene?run=${encodeURIComponent(wish.run)}`));
      if (!this.stage) return;
      Object.assign(this, { run: wish.run, geometry, show: null });
    }
    if (!this.stage) return;
    if (this.show !== wish.show) {
      // Gradients of shares are no shares.
      for (const block of this.geometry.blocks) Object.assign(block, { isPattern: false, picture: null });
      this.stage.setGeometries([this.geometry]);
      if (this.show === null) this.home();
      Object.assign(this, { show: wish.show, focus: null });
    }
    this.source = new RunSource(app, this.geometry, wish);
    await fill(this.stage, this.source, this.geometry.blocks.filter((block) => block.isWeight || wish.show === 'gradients'));
    this.painted = wish;
    this.mark();
  }

  hover(block) {
    if (block === this.hovered) return;
    this.hovered = block;
    this.mark();
  }

  /** Rings the chosen weight and what the pointer is on, and tells of it. */
  mark() {
    const { stage, geometry, hovered } = this;
    if (!stage || !geometry) return;
    const chosen = geometry.byName.get(this.weights.name) ?? [];
    const scale = stage.camera.scale;
    const focus = [...new Set([...chosen, ...(hovered ? [hovered] : [])])].filter((block) => block.copies === 1 || block.width * scale > ringed);
    const block = hovered ?? chosen[0];
    if (block !== stage.focus[0] || focus.length !== this.focus?.length || focus.some((one, index) => one !== this.focus[index])) {
      this.focus = focus;
      stage.focus = block ? [block] : [];
      stage.renderer.setFocus(focus);
      stage.draw();
    }
    if (!block) return;
    const range = block.picture?.range ? `, −${number(block.picture.range)} blue to ${number(block.picture.range)} orange` : '';
    this.says.textContent = `${block.layer === null ? '' : `Layer ${block.layer}: `}${title(block)}, ${block.shape.map(count).join(' × ')}${range}${hovered?.isWeight && hovered !== chosen[0] ? '; a click shows it cell by cell' : ''}.`;
  }

  // MARK: Recorded runs

  /** Why a recorded run has no pictures, and what can be done. */
  drawClosed() {
    const { course } = this;
    const { run, snapshot } = course;
    this.closed.hidden = snapshot !== null || !course.isRecorded;
    const key = `${run.id}/${run.phase}/${run.checkpoint}`;
    if (this.closed.hidden || this.told === key) return;
    this.told = key;
    const button = h('button.primary', { 'data-open': '', onclick: () => this.open(button) }, `Look inside at step ${count(run.checkpoint ?? 0)}`);
    const error = h('p.wrong', { role: 'alert' });
    this.refused = error;
    const kept = 'The weights of a run\u2019s steps are kept in the memory of the program that trains it';
    const isOver = run.phase !== 'elsewhere';
    this.closed.replaceChildren(h('h3', 'Inside the model'), ...[
      !isOver ? h('p.muted', `${kept}, and that is another one. Once it has ended, its last checkpoint can be opened here.`)
        : run.checkpoint === null ? h('p.muted', `${kept}, and went with it; its folder holds no checkpoint either.`)
          : [h('p.muted', `${kept}, and went with it. The last checkpoint is there: it shows the model, its heads, its lens and one backward pass at that step.${run.step < run.steps ? ' Go on keeps the weights again from there.' : ''}`), h('p', button)],
    ].flat(), error);
  }

  async open(button) {
    const words = button.textContent;
    button.disabled = true;
    button.textContent = 'Reading its data …';
    this.refused.textContent = '';
    try {
      const { run } = this.course;
      const news = await this.app.api.json('/api/training/open', { run: run.id });
      if (this.course.run?.id !== run.id || !this.course.isRecorded) return;
      this.course.take(news);
      this.app.set({ at: null });
      this.course.changed();
    } catch (error) {
      this.refused.textContent = error.message;
    } finally {
      button.disabled = false;
      button.textContent = words;
    }
  }
}
