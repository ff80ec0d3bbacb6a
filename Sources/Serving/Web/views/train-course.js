// What is known of a run, as its events build it up, and the step that all pictures show.

export class Course {
  /** `changed()` draws all pictures anew. */
  constructor(app, changed) {
    Object.assign(this, { app, changed });
    this.reset();
  }

  /** Forgets the run; `isRecorded` is one that only the record holds. */
  reset(isRecorded = false) {
    Object.assign(this, {
      isRecorded, run: null, stride: 1,
      step: [], loss: [], rate: [], norm: [],
      layers: { names: [], step: [], gradient: [], weight: [] },
      validations: [], samples: [], snapshots: { steps: [], bytes: 0, budget: 0, dropped: 0 },
    });
  }

  take(news) {
    if (news.reset) this.reset(this.isRecorded);
    if (news.run) this.run = news.run;
    if (news.steps) {
      this.stride = news.steps.stride;
      for (const name of ['step', 'loss', 'rate', 'norm']) this[name].push(...news.steps[name]);
    }
    if (news.layers) {
      this.layers.names = news.layers.names;
      for (const name of ['step', 'gradient', 'weight']) this.layers[name].push(...news.layers[name]);
    }
    if (news.validations) this.validations.push(...news.validations);
    if (news.samples) this.samples = news.samples;
    if (news.snapshots) this.snapshots = news.snapshots;
  }

  /** The step that is looked at: a chosen one, else the latest. */
  get at() {
    const { at } = this.app.state;
    return Number.isFinite(at) ? Math.max(0, Math.min(at, this.last)) : this.last;
  }

  get isFollowing() { return !Number.isFinite(this.app.state.at); }
  get last() { return Math.max(this.run?.step ?? 0, this.step.at(-1) ?? 0); }

  /** Looks at a step; null follows the run. */
  look(step) { this.app.set({ at: step === null ? null : Math.max(0, Math.min(Math.round(step), this.last)) }); }

  /** The kept weights that a step is shown with; null where there are none. */
  get snapshot() {
    const { steps } = this.snapshots;
    let found = steps[0] ?? null;
    for (const step of steps) if (step <= this.at) found = step;
    return found;
  }

  /** What a route needs to look into the run at a step. */
  query(step) { return `run=${encodeURIComponent(this.run.id)}&step=${step}`; }

  /** The mean loss of the last fiftieth before the step that is looked at. */
  get smoothed() {
    const end = this.indexOf(this.at) + 1;
    if (!end) return null;
    const part = this.loss.slice(Math.max(0, end - Math.max(1, Math.floor(this.loss.length / 50))), end).filter((loss) => loss !== null);
    return part.length ? part.reduce((sum, loss) => sum + loss, 0) / part.length : null;
  }

  /** The last point at or before a step; −1 before the first. */
  indexOf(step) {
    let [low, high] = [0, this.step.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.step[middle] <= step) low = middle + 1; else high = middle;
    }
    return low - 1;
  }
}

/** What blocks and cells show: `weights`, their `change` or `gradients`. */
export function contentOf(state) { return ['change', 'gradients'].includes(state.show) ? state.show : 'weights'; }

/** Asks for one thing at a time: while an answer is under way, only the latest wish is kept. */
export class Latest {
  constructor(ask, shown) { Object.assign(this, { ask, shown, wish: null, busy: false, key: null }); }

  want(key, ...wish) {
    if (key === this.key) return;
    this.key = key;
    this.wish = wish;
    this.run();
  }

  async run() {
    if (this.busy || !this.wish) return;
    const wish = this.wish;
    this.wish = null;
    this.busy = true;
    try { this.shown(await this.ask(...wish), null); } catch (error) { if (error.name !== 'AbortError') this.shown(null, error); }
    this.busy = false;
    this.run();
  }
}
