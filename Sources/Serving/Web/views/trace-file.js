// Reads a trace: a safetensors file whose metadata say what it holds.

/** Throws an `Error` in plain words for a file that is no trace. */
export async function readTrace(file) {
  const start = new DataView(await file.slice(0, 8).arrayBuffer());
  if (start.byteLength < 8) throw new Error(`${file.name} is too short for a trace.`);
  const length = Number(start.getBigUint64(0, true));
  if (!(length > 1 && length <= Math.min(file.size - 8, 100_000_000))) throw new Error(`${file.name} is no safetensors file.`);
  let header;
  try { header = JSON.parse(await file.slice(8, 8 + length).text()); } catch { throw new Error(`${file.name} is no safetensors file: its header cannot be read.`); }
  let about;
  try { about = JSON.parse(header.__metadata__?.['orrery.trace'] ?? 'null'); } catch { about = null; }
  if (!Array.isArray(about?.tokens)) throw new Error(`${file.name} is no trace of a run. "orrery trace" writes one.`);
  const tensors = new Map();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [from, end] = entry.data_offsets ?? [];
    const count = (entry.shape ?? []).reduce((product, size) => product * size, 1);
    if (entry.dtype !== 'F32' || !(from >= 0) || end - from !== count * 4 || 8 + length + end > file.size) throw new Error(`${file.name}: the value ${name} is damaged.`);
    tensors.set(name, { name, shape: entry.shape, from: 8 + length + from, end: 8 + length + end });
  }
  return { file, about, tensors };
}

/** Rows `first` to `end` of a value as numbers. */
export async function readRows(trace, tensor, first, end) {
  const width = tensor.shape.slice(1).reduce((product, size) => product * size, 1);
  const bytes = await trace.file.slice(tensor.from + first * width * 4, tensor.from + end * width * 4).arrayBuffer();
  return new Float32Array(bytes);
}
