// What the pointer is on and what is selected: name, indices, value, the rule with its numbers, the cells it came from.

import { h } from '../components/dom.js';
import { title, axisWords } from '../gl/names.js';
import { short } from '../gl/overlay.js';

export class Inspection {
  constructor(view) {
    this.view = view;
    this.hovered = null;
    this.selected = null;
    this.stepBlocks = null;
    this.turn = 0;
  }

  /** After a new scene: keeps the selection where its block still is. */
  reset() {
    const name = this.selected?.block.name;
    this.hovered = null;
    this.selected = this.selected && this.match(name, this.selected);
    this.light();
  }

  match(name, { copy, row, column, block: { columns } }) {
    const block = this.view.geometry.byName.get(name)?.find((other) => other.columns[1] === columns[1]);
    return block && copy < block.copies && row < block.height && column < block.width ? { block, copy, row, column } : null;
  }

  /** Shows what the address names. */
  restore() {
    const { app, geometry } = this.view;
    const name = app.state.tensor;
    const block = name && geometry?.byName.get(name)?.[0];
    if (!block) { if (!name) this.select(null); return; }
    this.select({ block, copy: Math.min(app.state.head ?? 0, block.copies - 1), row: Math.min(app.state.row ?? 0, block.height - 1), column: Math.min(app.state.column ?? 0, block.width - 1) });
    if (this.view.shown) this.view.stage.frameBlocks([block], { milliseconds: 0 });
  }

  focus(blocks) {
    this.stepBlocks = blocks;
    this.light();
  }

  hover(hit, at) {
    const { card, source } = this.view;
    const key = hit && `${hit.block.id}/${hit.copy}/${hit.row}/${hit.column}/${hit.block.geometry.isShape}`;
    if (hit && at) this.put(card, at);
    if (key === this.hoverKey) return;
    this.hoverKey = key;
    this.hovered = hit;
    clearTimeout(this.wait);
    card.hidden = !hit;
    if (!hit) { this.made = null; this.light(); this.legend(this.selected?.block); return; }
    const { block } = hit;
    this.legend(block);
    card.replaceChildren(...this.heading(hit));
    this.made = null;
    this.light();
    if (block.geometry.isShape) return;
    this.wait = setTimeout(async () => {
      let cell;
      try { cell = await source.cell(block, hit.copy, hit.row, hit.column); } catch { return; }
      if (this.hoverKey !== key) return;
      card.replaceChildren(...this.heading(hit, cell), ...this.rule(cell));
      this.made = cell;
      this.light();
      if (at) this.put(card, this.at);
    }, 50);
  }

  put(card, at) {
    this.at = at;
    const { clientWidth: width, clientHeight: height } = this.view.root;
    const [w, h] = [card.offsetWidth || 280, card.offsetHeight || 90];
    const x = at[0] + 20 + w > width ? Math.max(8, at[0] - w - 16) : at[0] + 20;
    const y = at[1] + 16 + h > height ? Math.max(8, at[1] - h - 12) : at[1] + 16;
    card.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  where({ block, copy, row, column }) {
    const index = block.index(copy, row, column);
    const words = axisWords(block);
    const { tokens } = this.view.app.text;
    return index.map((value, dimension) => {
      const token = (words[dimension] === 'token' || words[dimension] === 'to token') && !block.geometry.isShape ? tokens[value]?.text : undefined;
      return `${words[dimension]} ${value}${token === undefined ? '' : ` “${token.trim() || '␣'}”`}`;
    }).join(', ');
  }

  heading(hit, cell) {
    const { block } = hit;
    const name = block.layer === null ? title(block) : `${title(block)}, block ${block.layer}`;
    const value = cell ? (typeof cell.value === 'number' ? short(cell.value, block.kind === 'index') : cell.value ?? 'not kept') : '';
    return [
      h('header', h('b', name), cell ? h('span.value', value) : null),
      h('p.muted.small', `${this.where(hit)} · ${block.shape.join(' × ')}`),
    ];
  }

  rule(cell) {
    if (!cell.words) return [];
    return [h('p', cell.words), h('p.formula', cell.symbols), h('p.formula.numbers', cell.numbers)];
  }

  select(hit) {
    const { app } = this.view;
    if (hit && hit.block.geometry !== this.view.geometry) return;
    this.selected = hit;
    this.light();
    const turn = (this.turn += 1);
    if (!hit) {
      app.inspector.clear();
      app.set({ tensor: null, row: null, column: null });
      this.legend(null);
      return;
    }
    const { block, copy, row, column } = hit;
    app.set({ tensor: block.name, layer: block.layer, head: block.copies > 1 && block.shape.length === 3 ? copy : app.state.head ?? null, row, column });
    this.legend(block);
    const show = (cell) => {
      if (turn !== this.turn) return;
      app.inspector.show({
        title: title(block), subtitle: block.name, kind: block.isWeight ? 'value' : 'value', key: block.name,
        rows: [
          ['shape', block.shape.join(' × ')], ['operation', block.isWeight ? 'stored weight' : cell?.operation ?? block.op],
          ...(block.layer === null ? [] : [['block', String(block.layer)]]),
          ['cell', this.where(hit)],
          ['value', cell ? (typeof cell.value === 'number' ? String(Number(cell.value.toPrecision(8))) : cell.value ?? 'not kept') : '…'],
          ...this.statistics(block),
        ],
        body: cell ? this.body(cell) : [],
      });
    };
    show(null);
    this.view.source.cell(block, copy, row, column).then((cell) => {
      if (turn === this.turn) this.selectedMade = cell;
      show(cell);
      this.light();
    }, (error) => app.toast(error.message));
  }

  statistics(block) {
    const { picture } = block;
    if (!picture || block.isPattern || block.kind === 'index') return [];
    const cells = picture.cells[0] * picture.cells[1];
    return [['colour range', `±${short(picture.range)}${cells > 1 ? `, averages of ${picture.cells.join(' × ')} cells` : ''}${picture.isEstimate ? ' (sampled)' : ''}`]];
  }

  body(cell) {
    if (!cell.words) return [];
    const parts = [h('h3', 'How it was made'), h('p', cell.words), h('p.mono.small', cell.symbols), h('p.mono.small', cell.numbers)];
    if (cell.edited) parts.push(h('p', `An edit then changed ${cell.edited}: above stands what the model goes on with.`));
    if (cell.terms?.length) {
      parts.push(h('h3', 'Largest terms'), h('table', h('tbody', cell.terms.map(([place, a, b, product]) => h('tr',
        h('td.muted.small', String(place)), h('td.number', short(a)), h('td.muted', '×'), h('td.number', short(b)), h('td.muted', '='), h('td.number', short(product)))))));
    }
    if (cell.sources?.length) {
      parts.push(h('h3', 'Made from'), h('ul', cell.sources.filter(({ places }) => places.length).map(({ name, places }) => h('li', h('button.plain', {
        onclick: () => this.go(places[0]),
      }, name)))));
    }
    return parts;
  }

  go([id, copy, row, column]) {
    const block = this.view.geometry.blocks[id];
    this.select({ block, copy, row, column });
    this.view.stage.frameBlocks([block]);
  }

  /** Puts rings and lights where they belong now. */
  light() {
    const { stage, geometry } = this.view;
    if (!geometry) return;
    const focus = new Set(this.stepBlocks ?? []);
    if (this.selected) focus.add(this.selected.block);
    if (this.walkBlocks) for (const block of this.walkBlocks) focus.add(block);
    stage.focus = [...focus];
    stage.renderer.setFocus(stage.focus);
    const marks = [];
    const add = (block, copy, row, column, rows, columns, line, fill) => {
      const at = block.origin(copy);
      marks.push({ at: [at[0] + column, at[1] + row, at[2]], size: [columns, rows], line, fill });
    };
    const cell = this.made ?? (this.hovered ? null : this.selectedMade);
    for (const { places } of (this.hovered || this.selected ? cell?.sources : null) ?? []) {
      for (const [id, copy, row, column, rows, columns] of places.slice(0, 400)) {
        const block = geometry.blocks[id];
        if (block) add(block, copy, row, column, rows, columns, 0.9, 0.28);
      }
    }
    for (const hit of [this.selected, this.hovered]) if (hit) add(hit.block, hit.copy, hit.row, hit.column, 1, 1, 1, 0.12);
    stage.renderer.setMarks(marks);
    stage.draw();
  }

  /** The scale of colours of a block. */
  legend(block) {
    const { legend } = this.view;
    const picture = block?.picture;
    legend.hidden = !picture;
    if (!picture) return;
    if (block.isPattern) {
      legend.replaceChildren(h('span', '0'), h('i.share'), h('span', '1'), h('small', 'share'));
      return;
    }
    const tiles = [...this.view.stage.tiles.layers.values()].filter((entry) => entry.block === block);
    const near = tiles.at(-1);
    const cells = near ? '' : picture.cells[0] * picture.cells[1] > 1 ? `averages of ${picture.cells.join('×')} cells${picture.isEstimate ? ', sampled' : ''}` : '';
    const range = short((near ?? picture).range);
    legend.replaceChildren(h('span', `−${range}`), h('i.values'), h('span', range), h('small', cells));
  }

  /** Brings the experts that the present token chose in front of their banks. */
  async chooseExperts() {
    const { geometry, source, stage, app } = this.view;
    const banks = geometry?.blocks.filter((block) => block.isDeep && !block.geometry.isShape) ?? [];
    if (!banks.length || !app.text.session) return;
    const token = Math.min(app.current(), (this.view.shown?.count ?? 1) - 1);
    const choices = new Map();
    for (const block of geometry.blocks) {
      if (block.kind !== 'index' || block.name === 'tokens' || token >= block.height) continue;
      try { choices.set(block.layer, [...await source.values(block, 0, token, 0, 1, Math.min(64, block.width))]); } catch { return; }
    }
    if (source !== this.view.source) return;
    for (const block of banks) {
      const chosen = (choices.get(block.layer) ?? []).filter((copy) => copy >= 0 && copy < block.copies);
      block.forward = chosen.map((copy, place) => ({
        copy, at: [block.at[0] + (place + 1) * geometry.gap * 0.5, block.at[1], block.at[2] + (chosen.length - place) * geometry.gap * 0.8],
      }));
    }
    stage.renderer.setForward(banks);
    stage.draw();
  }

  end() { clearTimeout(this.wait); this.turn += 1; this.hoverKey = null; }
}
