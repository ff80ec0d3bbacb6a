// What the finder offers of a scene: any tensor by its name or by its words.

import { title } from '../gl/names.js';

/** A source for the finder: tensors of which every word of a query is in the name or the title. */
export function tensors(view) {
  return (query) => {
    const { geometry } = view;
    const words = query.split(/\s+/).filter(Boolean);
    const blocks = (geometry?.blocks ?? []).filter((block) => {
      const text = `${title(block)} block ${block.layer ?? ''} ${block.name}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    return blocks.slice(0, 16).map((block) => ({
      title: block.layer === null ? title(block) : `${title(block)}, block ${block.layer}`,
      note: `${block.name} ${block.shape.join(' × ')}`,
      go: () => {
        view.steps.follows = false;
        view.inspection.select({ block, copy: 0, row: 0, column: 0 });
        view.stage.frameBlocks([block]);
      },
    }));
  };
}
