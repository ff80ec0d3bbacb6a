// Train: from random weights to a working model, in front of the user.

import { h } from '../components/dom.js';
import { count, number } from '../components/format.js';
import { commandLine } from '../components/inspector.js';
import { term } from '../components/tips.js';
import { Course } from './train-course.js';
import { Charts } from './train-charts.js';
import { Samples } from './train-samples.js';
import { Inside } from './train-inside.js';
import { Model } from './train-model.js';
import { Backward } from './train-backward.js';
import { Start } from './train-start.js';

export default class Train {
  constructor(element, app) {
    this.app = app;
    this.course = new Course(app, () => this.later());
    this.element = element;
    this.place = h('div.train');
    element.append(this.place);
    this.control = new AbortController();
    this.parts = [];
    window.training = this;
  }

  async start() {
    try {
      this.overview = await this.app.api.json('/api/training');
    } catch (error) {
      this.place.replaceChildren(h('p.wrong', error.message));
      return;
    }
    if (this.closed) return;
    // A run is shown once the first is heard of it.
    if (!this.overview.live || this.app.state.run === 'new') this.choose();
    this.listen();
  }

  unmount() {
    this.closed = true;
    this.control.abort();
    this.parts.forEach((part) => part.unmount?.());
  }

  /** Hears of the run from the server, and again where the connection broke. */
  async listen() {
    const { control } = this;
    while (!this.closed && control === this.control) {
      try {
        await this.app.api.stream('/api/training/events', undefined, (name, news) => {
          if (this.closed || control !== this.control || this.course.isRecorded) return;
          this.course.take(news);
          if (!this.shown && this.app.state.run !== 'new') this.watch();
          this.later();
        }, control.signal);
      } catch (error) {
        if (error.name === 'AbortError') return;
      }
      await new Promise((done) => setTimeout(done, 1000));
    }
  }

  /** Draws once a frame at most. */
  later() { this.frame ||= requestAnimationFrame(() => { this.frame = 0; if (!this.closed) this.draw(); }); }

  update(change) {
    if (change.theme || ['at', 'layer', 'head', 'tensor', 'show'].some((name) => name in change)) this.later();
  }

  /** The recipes, the text box, and the runs so far. */
  choose() {
    this.shown = false;
    this.parts.forEach((part) => part.unmount?.());
    this.parts = [];
    this.app.set({ run: 'new', at: null });
    this.place.replaceChildren(new Start(this.app, this.overview, {
      begun: (run) => { this.course.reset(); this.course.take({ reset: true, run }); this.app.set({ run: null, at: null }); this.watch(); this.reconnect(); },
      opened: (recorded) => { this.course.reset(true); this.course.take(recorded); this.app.set({ run: null, at: null }); this.watch(); },
      back: this.overview.live ? () => { this.app.set({ run: null }); this.course.reset(); this.reconnect(); } : null,
    }).element);
  }

  /** Everything of the run anew, as after a look at a recorded one. */
  reconnect() {
    this.control.abort();
    this.control = new AbortController();
    this.listen();
  }

  watch() {
    const { app, course } = this;
    this.shown = true;
    this.told = null;
    this.title = h('h2');
    this.about = h('p.muted');
    this.facts = h('dl.figures');
    this.command = h('div.again');
    this.note = h('p', { role: 'status' });
    this.bar = h('progress', { max: '1', 'aria-label': 'Steps done' });
    this.pause = h('button', { 'data-pause': '', onclick: () => this.tell({ action: course.run.phase === 'paused' ? 'resume' : 'pause' }) }, 'Pause');
    this.stop = h('button', { onclick: () => this.tell({ action: 'stop' }) }, 'Stop');
    this.goOn = h('button.primary', { onclick: () => this.resume() }, 'Go on');
    this.use = h('button.primary', { 'data-use': '', onclick: () => this.load() }, 'Use this model');
    this.adapter = h('div.again', { hidden: true });
    this.rate = h('input', { type: 'range', min: '-1', max: '1', step: '0.05', value: '0', 'aria-label': 'Learning rate factor',
      oninput: () => { this.rateShown.textContent = `× ${number(10 ** Number(this.rate.value))}`; },
      onchange: () => this.tell({ rateFactor: Number((10 ** Number(this.rate.value)).toPrecision(3)) }) });
    this.rateShown = h('output', '× 1');
    this.slider = h('label.slider.rate', term('learning rate'), this.rateShown, this.rate);
    this.parts.forEach((part) => part.unmount?.());
    const [charts, samples, model] = [new Charts(app, course), new Samples(app, course), new Model(app, course)];
    const [inside, backward] = [new Inside(app, course), new Backward(app, course)];
    this.parts = [charts, samples, model, inside, backward];
    Object.assign(this, { model, backward });
    this.place.replaceChildren(
      h('header', h('div.line', this.title, h('span.grow'), this.use, this.goOn, this.pause, this.stop,
        h('button', { onclick: async () => { this.overview = await app.api.json('/api/training'); this.choose(); } }, 'Another run')),
      this.about, this.bar, this.note, this.adapter, h('div.line', this.facts, this.slider)),
      h('div.watch', h('div.course', charts.element, samples.element), model.element, model.weights.element),
      inside.element, backward.element, this.command, charts.scrubber);
    this.draw();
  }

  draw() {
    if (!this.shown || !this.course.run) return;
    const { run } = this.course;
    const isOver = ['stopped', 'finished', 'failed', 'elsewhere'].includes(run.phase);
    const isLive = !this.course.isRecorded;
    this.title.textContent = run.id;
    this.about.textContent = [run.about, run.data].filter(Boolean).join(' · ');
    this.bar.value = run.phase === 'preparing' ? run.prepared ?? 0 : run.step / run.steps;
    const words = {
      preparing: 'Reading the data…', running: '', paused: 'Paused. Nothing is lost; it goes on from here.',
      stopped: run.step >= run.steps ? '' : run.checkpoint === null ? 'Ended before its first checkpoint; Go on begins it anew.' : 'Stopped. It can go on from here.', finished: 'Finished.', failed: run.message || 'It failed.',
      elsewhere: 'Another program trains it; this is what it has recorded so far.',
    };
    this.note.textContent = [words[run.phase], ...(run.notices ?? [])].filter(Boolean).join(' ');
    this.note.classList.toggle('wrong', run.phase === 'failed');
    this.pause.textContent = run.phase === 'paused' ? 'Go on' : 'Pause';
    this.pause.hidden = this.stop.hidden = isOver || run.phase === 'preparing' || !isLive;
    const isHere = isOver && run.phase !== 'elsewhere';
    this.goOn.hidden = !isHere || run.phase === 'finished' || (isLive && run.checkpoint === null);
    this.use.hidden = !isHere || Boolean(run.adapter) || !(run.hasModel || run.checkpoint !== null);
    this.tellAdapter(isHere ? run.adapter : null);
    this.slider.hidden = this.pause.hidden;
    if (document.activeElement !== this.rate) {
      this.rate.value = String(Math.log10(Math.max(0.1, run.rateFactor || 1)));
      this.rateShown.textContent = `× ${number(run.rateFactor)}`;
    }
    this.figures(run, isOver || !isLive);
    this.terminal(run);
    this.parts.forEach((part) => part.draw());
  }

  /** What a run of low-rank changes gives, which the app does not load by itself. */
  tellAdapter(adapter) {
    this.adapter.hidden = !adapter;
    if (!adapter || this.adapter.dataset.of === adapter.merge + adapter.isWritten) return;
    this.adapter.dataset.of = adapter.merge + adapter.isWritten;
    this.adapter.replaceChildren(adapter.isWritten
      ? 'It learnt an adapter: small changes beside the model that it began with. This makes one model of both, which the app can load: '
      : 'It learns an adapter: small changes beside the model that it began with. They are written when it ends.',
    adapter.isWritten ? commandLine(adapter.merge) : '');
  }

  /** The same run from the command line. */
  terminal(run) {
    if (this.told === run.id) return;
    this.told = run.id;
    const needsText = this.overview.recipes.find((recipe) => recipe.name === run.recipe)?.needsText;
    this.command.replaceChildren('The same from the terminal: ', commandLine(`orrery train ${run.recipe}${needsText ? ' --text FILE' : ''}`));
  }

  figures(run, isOver) {
    const loss = this.course.smoothed;
    const validation = this.course.validations.at(-1);
    const rows = [
      [term('step'), `${count(run.step)} of ${count(run.steps)}`],
      [term('loss'), loss === null ? '–' : number(loss)],
      [term('validation', 'held out'), validation ? `${number(validation.loss)}${validation.right === null ? '' : ` · ${count(validation.right)} of ${count(validation.sequences)} right`}` : '–'],
    ];
    if (run.parameters) rows.push([term('weights'), count(run.parameters)]);
    if (!isOver && run.tokensPerSecond) {
      rows.push(['speed', `${count(Math.round(run.tokensPerSecond))} tokens/s`]);
      if (run.peakShare !== null) rows.push([term('peak', 'of peak'), `${Math.round(run.peakShare * 100)} %`]);
      if (run.secondsLeft !== null) rows.push([term('estimate', 'left'), time(run.secondsLeft)]);
    }
    this.facts.replaceChildren(...rows.map(([name, value]) => h('div', h('dt', name), h('dd', value))));
  }

  async tell(body) {
    // What becomes of it comes with the events; the answer may be older than they are.
    try { await this.app.api.json('/api/training/control', body); } catch (error) { this.app.toast(error.message); }
  }

  async resume() {
    try {
      const run = await this.app.api.json('/api/training/start', { run: this.course.run.id });
      this.course.reset();
      this.course.take({ reset: true, run });
      this.reconnect();
      this.draw();
    } catch (error) { this.app.toast(error.message); }
  }

  /** Loads the result for every other view. */
  async load() {
    const { app } = this;
    this.use.disabled = true;
    // The model of a run that was ended early elsewhere is made of its last checkpoint.
    if (!this.course.run.hasModel) this.use.textContent = 'Writing the model …';
    try {
      const { model } = await app.api.json('/api/training/use', { run: this.course.run.id });
      app.stop();
      app.set({ prompt: null, seed: null, session: null, token: null, step: null });
      await app.api.stream('/api/models/load', { model }, () => {});
      await app.refresh();
      app.toast(`${model} is loaded in every view.`);
      app.set({ view: 'generate' });
      const prompt = this.course.samples.at(-1)?.prompt || this.course.samples[0]?.prompt || '';
      await app.run({ prompt, temperature: 0, topK: 0, topP: 1, minP: 0 });
    } catch (error) {
      app.toast(error.message);
    } finally {
      this.use.disabled = false;
      this.use.textContent = 'Use this model';
    }
  }
}

/** Seconds as 1:05 or 2:03:10. */
function time(seconds) {
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part).padStart(2, '0'));
  const hours = Math.floor(whole / 3600);
  return hours ? `${hours}:${parts.join(':')}` : `${Number(parts[0])}:${parts[1]}`;
}
