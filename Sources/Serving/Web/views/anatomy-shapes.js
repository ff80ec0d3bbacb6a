// Other models beside the loaded one, at the same scale, from their configurations alone.

import { h } from '../components/dom.js';
import { Geometry } from '../gl/geometry.js';

export class Comparison {
  constructor(view) {
    this.view = view;
    this.chosen = new Map();
    this.panel = null;
  }

  async toggle() {
    const { view } = this;
    if (this.panel) { this.close(); return; }
    this.panel = h('div.shapes', h('p.muted', 'Reading …'));
    view.root.append(this.panel);
    view.compareButton.setAttribute('aria-pressed', 'true');
    try { this.known ??= (await view.app.api.json('/api/scene/shapes')).shapes; } catch (error) { view.app.toast(error.message); this.close(); return; }
    if (!this.panel) return;
    this.panel.replaceChildren(
      h('p.muted.small', 'One cell is one number, in every model. These have no values here, only their true shape.'),
      h('ul', this.known.map((shape) => h('li', h('label', h('input', {
        type: 'checkbox', checked: this.chosen.has(shape.id), onchange: (event) => this.choose(shape, event.target.checked),
      }), h('span', shape.title), h('span.muted.number', size(shape.parameters)))))));
  }

  close() {
    this.panel?.remove();
    this.panel = null;
    this.view.compareButton.setAttribute('aria-pressed', 'false');
  }

  async choose(shape, isWanted) {
    const { view } = this;
    if (!isWanted) this.chosen.delete(shape.id);
    else {
      view.say(`Laying out ${shape.title} …`);
      try {
        const scene = await view.app.api.json(`/api/scene/shapes/${shape.id}?tokens=${view.geometry.scene.tokens}`);
        this.chosen.set(shape.id, { scene, title: `${shape.title} · ${size(shape.parameters)}` });
      } catch (error) { view.app.toast(error.message); }
      view.say(null);
    }
    view.shapes = [...this.chosen.values()];
    view.geometry.title = view.shapes.length ? view.app.model?.id ?? '' : '';
    view.place();
    for (const block of view.geometry.blocks) if (block.picture) view.stage.renderer.setPicture(block, block.picture);
    view.steps.show();
    view.arrange();
    view.stage.home();
  }

  /** Geometries of the chosen models, right of `first`, their tops level. */
  placed(first) {
    let edge = first.bounds[2];
    let gap = (first.bounds[2] - first.bounds[0]) * 0.3;
    return [...this.chosen.values()].map(({ scene, title }) => {
      const plain = new Geometry(scene, { isShape: true, title });
      const width = plain.bounds[2] - plain.bounds[0];
      gap = Math.max(gap, Math.min(width * 0.15, gap * 4));
      const offset = [edge + gap - plain.bounds[0], first.bounds[1] - plain.bounds[1], 0];
      edge += gap + width;
      return new Geometry(scene, { isShape: true, title, offset });
    });
  }
}

function size(count) {
  for (const [unit, name] of [[1e9, ' B'], [1e6, ' M'], [1e3, ' K']]) if (count >= unit) return `${(count / unit).toPrecision(3)}${name}`;
  return String(count);
}
