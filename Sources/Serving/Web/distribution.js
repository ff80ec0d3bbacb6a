// What sampling settings make of a kept distribution: the engine's own order, top-k → top-p → min-p → temperature.

/**
 * Rows `{ id, text | bytes, logit, plain, probability, cut }` for every kept token, likeliest first: `plain` is the
 * model's probability, `probability` what the settings leave it, `cut` the setting that excludes it. `tail` bounds the
 * share of the tokens that were not kept, from above; `kept` is their own share at temperature 1.
 */
export function redraw(choice, { temperature, topK, topP, minP }) {
  const { top, logSum, vocabulary } = choice;
  const rows = top.map((token) => ({ ...token, plain: Math.exp(token.logit - logSum), cut: null }));
  const kept = rows.reduce((sum, row) => sum + row.plain, 0);
  let tailMass = Math.max(0, 1 - kept);
  let tailCount = vocabulary - rows.length;
  if (temperature <= 0) {
    rows.forEach((row, index) => { row.probability = index === 0 ? 1 : 0; row.cut = index === 0 ? null : 'temperature'; });
    return { rows, kept, tail: 0 };
  }
  let end = rows.length;
  const cut = (from, name) => {
    for (let index = from; index < end; index += 1) rows[index].cut = name;
    if (from < end) end = from;
    tailMass = 0;
    tailCount = 0;
  };
  if (topK > 0 && topK <= rows.length) cut(topK, 'top-k');
  if (topP < 1) {
    const total = rows.slice(0, end).reduce((sum, row) => sum + row.plain, 0) + tailMass;
    let sum = 0;
    for (let index = 0; index < end; index += 1) {
      sum += rows[index].plain;
      if (sum >= topP * total) { cut(index + 1, 'top-p'); break; }
    }
  }
  if (minP > 0) {
    const least = rows[0].logit + Math.log(minP);
    for (let index = 1; index < end; index += 1) {
      if (rows[index].logit < least) { cut(index, 'min-p'); break; }
    }
  }
  const peak = rows[0].logit;
  const power = (logit) => Math.exp((logit - peak) / temperature);
  const sum = rows.slice(0, end).reduce((sum, row) => sum + power(row.logit), 0);
  const beyond = tailCount > 0 ? tailBound(tailMass, tailCount, rows[rows.length - 1].plain, temperature) / rows[0].plain ** (1 / temperature) : 0;
  rows.forEach((row, index) => { row.probability = index < end ? power(row.logit) / (sum + beyond) : 0; });
  return { rows, kept, tail: beyond / (sum + beyond) };
}

/** The most that Σ p^(1/T) can be over `count` tokens of probability at most `largest` that together have `mass`. */
function tailBound(mass, count, largest, temperature) {
  const power = 1 / temperature;
  return power <= 1 ? count ** (1 - power) * mass ** power : largest ** (power - 1) * mass;
}
