// Pictures of a scene's blocks, from what is known and from the server, into a stage.

/** Pictures asked for at once. */
const batch = 24;

/**
 * Fills blocks with their values: weights before what must be worked out, those in view first.
 * Whether all of them came before the source was closed; throws what the server refuses.
 */
export async function fill(stage, source, blocks) {
  const size = stage.renderer.pictureSize;
  const show = (block, picture) => {
    block.picture = picture;
    stage.renderer.setPicture(block, picture);
  };
  const missing = [];
  for (const block of blocks) {
    const known = source.known(block, size);
    if (known) show(block, known); else missing.push(block);
  }
  stage.draw();
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
    part.forEach((block, i) => { if (pictures[i]) show(block, pictures[i]); });
    stage.draw();
  }
  return true;
}
