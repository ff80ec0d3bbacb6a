// The pass, one operation after the other, on the app's clock: what is not yet made is dim, what is made now glows.

import { title } from '../gl/names.js';

export class Steps {
  constructor(view) {
    this.view = view;
    this.list = [];
    this.follows = false;
  }

  /** Tells the clock the scene's steps. */
  begin() {
    const { app, geometry, stage } = this.view;
    this.list = geometry.steps();
    this.before ??= { steps: app.clock.steps, unit: app.clock.unit };
    app.clock.unit = 'step';
    app.clock.setSteps(this.list.map(({ blocks: [block] }) => (block.layer === null ? title(block) : `${block.layer} · ${title(block)}`)));
    stage.renderer.order = Infinity;
    this.show();
  }

  end() {
    if (!this.before) return;
    const { clock } = this.view.app;
    clock.pause();
    clock.unit = this.before.unit;
    this.view.app.set({ step: null });
    clock.setSteps(this.before.steps);
  }

  /** Shows the clock's step. */
  show() {
    const { app, stage, geometry } = this.view;
    if (!geometry || !stage.geometries.length) return;
    const step = app.state.step;
    const isLast = step === null || step === undefined || step >= this.list.length;
    const entry = isLast ? null : this.list[step];
    if (app.clock.playing && !this.wasPlaying) this.follows = true;
    this.wasPlaying = app.clock.playing;
    stage.renderer.order = entry ? entry.order : Infinity;
    stage.renderer.isActive = Boolean(entry);
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    stage.pulses = Boolean(entry) && !calm;
    this.view.inspection.focus(entry ? entry.blocks : null);
    if (entry && (app.clock.playing ? this.follows : this.isOut(entry.blocks[0]))) {
      const near = new Set(entry.blocks);
      for (const block of entry.blocks) for (const from of geometry.feeds[block.id]) near.add(geometry.blocks[from]);
      for (const block of geometry.blocks) if (block.isWeight && block.layer === entry.blocks[0].layer && this.reads(entry, block)) near.add(block);
      stage.frameBlocks([...near], { share: 0.8, milliseconds: 420 });
    }
    stage.draw();
  }

  /** Whether a block's middle is outside the picture. */
  isOut(block) {
    const { camera } = this.view.stage;
    const [x0, y0, x1, y1] = block.bounds;
    const [x, y, depth] = camera.project((x0 + x1) / 2, (y0 + y1) / 2, block.at[2]);
    return depth <= 0 || x < 0 || y < 0 || x > camera.width || y > camera.height;
  }

  /** Whether a weight stands directly above what is made. */
  reads(entry, weight) {
    return entry.blocks.some((block) => Math.abs(weight.bounds[3] - block.bounds[1]) < this.view.geometry.gap * 2 && weight.bounds[0] < block.bounds[2] && block.bounds[0] < weight.bounds[2]);
  }
}
