// Principal components of a few rows, by their inner products: exact for the rows at hand.

/** Two coordinates for each row of `data [count, width]`, and the share of the variance that they hold. */
export function components(data, count, width) {
  const mean = new Float64Array(width);
  for (let row = 0; row < count; row += 1) for (let column = 0; column < width; column += 1) mean[column] += data[row * width + column] / count;
  const gram = Array.from({ length: count }, () => new Float64Array(count));
  for (let a = 0; a < count; a += 1) {
    for (let b = a; b < count; b += 1) {
      let sum = 0;
      for (let column = 0; column < width; column += 1) sum += (data[a * width + column] - mean[column]) * (data[b * width + column] - mean[column]);
      gram[a][b] = sum;
      gram[b][a] = sum;
    }
  }
  const total = gram.reduce((sum, row, index) => sum + row[index], 0);
  const first = largest(gram);
  for (let a = 0; a < count; a += 1) for (let b = 0; b < count; b += 1) gram[a][b] -= first.value * first.vector[a] * first.vector[b];
  const second = largest(gram);
  const points = Array.from({ length: count }, (_, row) => [first, second].map(({ value, vector }) => Math.sqrt(Math.max(0, value)) * vector[row]));
  return { points, share: total > 0 ? (first.value + second.value) / total : 0 };
}

/** The largest eigenvalue of a symmetric matrix and its vector, by repeated products. */
function largest(matrix) {
  const count = matrix.length;
  let vector = Float64Array.from({ length: count }, (_, index) => Math.sin(index + 1));
  let value = 0;
  for (let round = 0; round < 200; round += 1) {
    const next = matrix.map((row) => row.reduce((sum, entry, index) => sum + entry * vector[index], 0));
    const length = Math.hypot(...next);
    if (!(length > 0)) return { value: 0, vector };
    const moved = Float64Array.from(next, (entry) => entry / length);
    const change = moved.reduce((sum, entry, index) => sum + Math.abs(entry - vector[index]), 0);
    vector = moved;
    value = length;
    if (change < 1e-10) break;
  }
  return { value, vector };
}
