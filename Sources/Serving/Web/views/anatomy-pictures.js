// Pictures of a scene's blocks, from what is known and from the server, into a stage.

import { afterFrame } from '../gl/tiles.js';

/** Pictures asked for at once, and milliseconds that putting them in takes of one task. */
const batch = 24;
const most = 3;

/**
 * Fills blocks with their values: weights before what must be worked out, those in view first.
 * Whether all of them came before the source was closed; throws what the server refuses.
 */
export async function fill(stage, source, blocks) {
  const size = stage.renderer.pictureSize;
  const show = async (part, pictures) => {
    let start = performance.now();
    for (const [i, block] of part.entries()) {
      if (performance.now() - start > most) {
        stage.draw();
        await afterFrame();
        if (source.isClosed) return;
        start = performance.now();
      }
      if (!pictures[i]) continue;
      block.picture = pictures[i];
      stage.renderer.setPicture(block, pictures[i]);
    }
    stage.draw();
  };
  const known = blocks.map((block) => source.known(block, size));
  const missing = blocks.filter((_, i) => !known[i]);
  await show(blocks, known);
  if (source.isClosed) return false;
  while (missing.length) {
    const area = new Map(stage.visible.map(({ block, area }) => [block, area]));
    missing.sort((a, b) => b.isWeight - a.isWeight || (area.get(b) ?? 0) - (area.get(a) ?? 0));
    const part = [];
    let texels = 0;
    while (missing.length && part.length < batch && texels < 1 << 20 && missing[0].isWeight === (part[0] ?? missing[0]).isWeight) {
      const block = missing.shift();
      part.push(block);
      texels += Math.min(size, block.width) * Math.min(size, block.height) * (block.isDeep ? 1 : block.copies);
    }
    let pictures;
    try { pictures = await source.pictures(part, size); } catch (error) {
      if (error.name === 'AbortError') return false;
      throw error;
    }
    if (source.isClosed) return false;
    await show(part, pictures);
    if (source.isClosed) return false;
  }
  return true;
}
