// The chapters of the walk, for whatever the model has: each with blocks to look at, words, and numbers of the text.

import { h } from '../components/dom.js';
import { short } from '../gl/overlay.js';
import { title } from '../gl/names.js';

const number = (value) => h('b.number', typeof value === 'number' ? short(value) : value);
const sum = (text) => h('p.sum', text);
const p = (...parts) => h('p', ...parts);

/** Chapters for a scene; none before there is one. */
export function chapters(geometry) {
  if (!geometry) return [];
  const find = (test) => geometry.blocks.find(test);
  const named = (name) => geometry.byName.get(name)?.[0];
  const layer = geometry.blocks.find((block) => block.op === 'attentionPattern')?.layer ?? 0;
  const within = (end) => geometry.blocks.find((block) => !block.isWeight && block.layer === layer && end.test(block.name));
  const weights = (...names) => names.map((name) => geometry.blocks.filter((block) => block.name === `blk.${layer}.${name}.weight`)).flat();
  const list = [{
    title: 'The whole model', isWhole: true, focus: [], blocks: geometry.blocks,
    words: () => {
      const layers = new Set(geometry.blocks.map((block) => block.layer).filter((value) => value !== null)).size;
      const count = geometry.blocks.filter((block) => block.isWeight).reduce((total, block) => total + cells(block), 0);
      return [
        p('Every cell you see is one number of this model: ', number(count.toLocaleString('en')), ' weights in ', number(String(layers)), layers === 1 ? ' block.' : ' blocks, one below the other.'),
        'Text enters at the top. A stream of numbers, one row for each token, runs down the middle. What hangs left lets tokens look at one another; what hangs right works on each token alone. Both only ever add to the stream.',
      ];
    },
  }];
  const embed = named('embed');
  if (embed) list.push(embedding(geometry, embed));
  const norm = within(/ln1\.normalized$|\.normalized$/);
  if (norm) list.push(normChapter(norm, geometry));
  const q = within(/attn\.(rot_q|absorbed_q|normed_q|q)$/);
  const scores = within(/attn\.scores$/);
  const pattern = within(/attn\.pattern$/);
  const z = within(/attn\.z$/);
  if (within(/attn\.latent$/)) list.push(latent(within(/attn\.latent$/), weights('attn_kv_a_mqa')));
  if (q && scores) list.push(heads(geometry, q, scores, within(/attn\.(rot_k|normed_k|k)$/), weights('attn_q', 'attn_k', 'attn_qkv')));
  if (pattern) list.push(softmax(pattern, scores));
  const windowed = slidingWindow(geometry);
  if (windowed) list.push(windowed);
  if (z) list.push(mixing(z, pattern, within(/attn\.v$/)));
  const out = within(/attn_out$/);
  if (out) list.push(projection(out, weights('attn_output')));
  const memory = find((block) => ['decay', 'gatedDelta'].includes(block.op));
  if (memory) list.push(recurrence(geometry, memory));
  const router = find((block) => block.name.endsWith('mlp.expert_indices'));
  if (router) list.push(experts(geometry, router));
  const dense = find((block) => /\.mlp\.post$/.test(block.name) && block.shape.length === 2);
  if (dense) list.push(feedForward(geometry, dense));
  const stream = find((block) => block.name.endsWith('resid_mid')) ?? find((block) => block.name.endsWith('resid_post'));
  if (stream) list.push(residual(geometry, stream));
  const logits = named('logits');
  if (logits) list.push(output(geometry, logits));
  return list;
}

function cells(block) {
  const [width, height] = [block.width, block.height];
  const fan = block.fan;
  if (!fan) return width * height;
  if (fan[2] > 1) return fan[3] * (fan[0] === block.columns[0] ? height : width);
  return width * height * block.copies;
}

const anyText = (facts) => facts.count > 0;
const noText = () => [p('Write a prompt above, and this chapter will speak about its numbers.')];

function embedding(geometry, embed) {
  const table = geometry.byName.get('token_embd.weight')?.[0];
  return {
    title: 'Embedding: words become rows of numbers', blocks: [embed], focus: [embed, ...(table ? [table] : [])], share: 0.8,
    words: () => [`The table above holds one row of ${embed.width} numbers for each of ${table ? table.fan?.[3] ?? table.height : 'its'} tokens. Each token of the text simply fetches its row.`],
    numbers: async (facts) => {
      if (!anyText(facts)) return noText();
      const cell = await facts.cell(embed, facts.token, 0);
      return [p(`Token ${facts.token}, ${facts.text(facts.token)}, has number ${facts.id(facts.token)} in the vocabulary. Its row begins with `, number(cell.value), '.')];
    },
  };
}

function normChapter(norm, geometry) {
  const before = geometry.feeds[norm.id].map((id) => geometry.blocks[id]);
  return {
    title: 'Norm: every row to the same size', blocks: [norm, ...before], focus: [norm],
    words: () => ['Rows of the stream grow as things are added. Before a part reads the stream, each row is brought to one size, and each channel is scaled by a learnt weight, so that no token shouts.'],
    numbers: async (facts) => {
      if (!anyText(facts)) return noText();
      const cell = await facts.cell(norm, facts.token, 0);
      return [p(`For ${facts.text(facts.token)}, the first channel becomes `, number(cell.value), ':'), sum(cell.numbers)];
    },
  };
}

function heads(geometry, q, scores, k, weights) {
  return {
    title: `Attention: ${scores.copies} ${scores.copies === 1 ? 'head' : 'heads'} ask and answer`, blocks: [q, scores, ...(k ? [k] : [])], focus: [q, scores, ...(k ? [k] : [])], share: 0.78,
    words: () => [`Each head turns a row into a question, its query, and into an answer that others may look for, its key: ${q.width} numbers each. A query meets every earlier key; where both point the same way the score is high.`],
    numbers: async (facts) => {
      if (!anyText(facts)) return noText();
      const row = await facts.row(scores, facts.token);
      const best = largest(row.slice(0, facts.token + 1));
      const cell = await facts.cell(scores, facts.token, best);
      return [p(`In head 0, ${facts.text(facts.token)} scores ${facts.text(best)} highest, at `, number(cell.value), ':'), sum(cell.numbers)];
    },
  };
}

function softmax(pattern, scores) {
  return {
    title: 'Softmax: scores become shares', blocks: [pattern, ...(scores ? [scores] : [])], focus: [pattern], share: 0.74,
    words: () => ['Each row of scores is raised to powers of e and divided by its sum: shares of 1. The upper right stays empty, since no token may look at what comes after it.'],
    numbers: async (facts) => {
      if (!anyText(facts)) return noText();
      const row = await facts.row(pattern, facts.token);
      const best = largest(row);
      const cell = await facts.cell(pattern, facts.token, best);
      const total = row.reduce((a, b) => a + b, 0);
      return [p(`Head 0 of ${facts.text(facts.token)} gives `, number(`${(cell.value * 100).toFixed(1)} %`), ` of its attention to ${facts.text(best)}; the whole row adds up to `, number(total.toFixed(row.length < facts.count ? 3 : 4)), '.'), sum(cell.numbers)];
    },
  };
}

function mixing(z, pattern, v) {
  return {
    title: 'Values: what is taken along', blocks: [z, ...(pattern ? [pattern] : []), ...(v ? [v] : [])], focus: [z, ...(v ? [v] : [])],
    words: () => ['What a token takes from another is that one’s value row, times its share. The sum of all is what the head found.'],
    numbers: async (facts) => {
      if (!anyText(facts)) return noText();
      const cell = await facts.cell(z, facts.token, 0);
      return [p(`The first number that head 0 brings to ${facts.text(facts.token)}:`), sum(cell.numbers)];
    },
  };
}

function projection(out, weights) {
  return {
    title: 'Projection: the heads are heard together', blocks: [out, ...weights], focus: [out, ...weights],
    words: () => [`All heads side by side go through one matrix${weights[0] ? ` of ${weights[0].shape.join(' × ')} weights` : ''}, which mixes what they found into the channels of the stream.`],
    numbers: async (facts) => {
      if (!anyText(facts)) return noText();
      const cell = await facts.cell(out, facts.token, 0);
      return [p(`What attention adds to the first channel of ${facts.text(facts.token)}:`), sum(cell.numbers)];
    },
  };
}

function feedForward(geometry, post) {
  const layer = post.layer;
  const weights = geometry.blocks.filter((block) => block.layer === layer && /ffn_(up|down|gate)\.weight$/.test(block.name));
  return {
    title: `Feed-forward: ${post.width.toLocaleString('en')} neurons for each token`, blocks: [post, ...weights], focus: [post],
    words: () => ['Here tokens are alone. Each column is one neuron: the matrix above decides what wakes it, the matrix below what it then writes into the stream.'],
    numbers: async (facts) => {
      if (!anyText(facts)) return noText();
      const row = await facts.row(post, facts.token);
      const best = largest(row.map(Math.abs));
      const cell = await facts.cell(post, facts.token, best);
      const few = row.length < post.width ? ` of the first ${row.length}` : '';
      return [p(`For ${facts.text(facts.token)} the strongest${few} is neuron `, number(String(best)), ' with ', number(cell.value), '.'), sum(cell.numbers)];
    },
  };
}

function residual(geometry, block) {
  const from = geometry.feeds[block.id].map((id) => geometry.blocks[id]);
  return {
    title: 'Residual stream: nothing is overwritten', blocks: [block, ...from], focus: [block, ...from],
    words: () => ['What attention or feed-forward found is added to what was there. So each part can correct the ones before, and what a token was is never lost.'],
    numbers: async (facts) => {
      if (!anyText(facts)) return noText();
      const cell = await facts.cell(block, facts.token, 0);
      return [p(`The first channel of ${facts.text(facts.token)}:`), sum(cell.numbers)];
    },
  };
}

function experts(geometry, router) {
  const banks = geometry.blocks.filter((block) => block.isDeep && block.layer === router.layer);
  const weights = geometry.blocks.find((block) => block.layer === router.layer && block.name.endsWith('expert_weights'));
  return {
    title: `Experts: ${router.width} of ${banks[0]?.copies ?? 'many'} work on each token`, blocks: [router, ...banks], focus: [router, ...banks],
    words: () => ['A small router scores all experts for each token. Only the best few run; they stand in front of the bank here, for the token that the timeline is on.'],
    numbers: async (facts) => {
      if (!anyText(facts)) return noText();
      const chosen = [...await facts.row(router, facts.token)];
      const shares = weights ? [...await facts.row(weights, facts.token)] : [];
      return [p(`${facts.text(facts.token)} goes to ${chosen.map((expert, i) => `expert ${expert}${shares[i] === undefined ? '' : ` with weight ${short(shares[i])}`}`).join(', ')}.`)];
    },
  };
}

function recurrence(geometry, memory) {
  return {
    title: 'Recurrence: a memory instead of looking back', blocks: [memory], focus: [memory],
    words: () => [`Here no token looks at others. Each of ${memory.copies} heads keeps one matrix that fades a little with every token and takes in what the token brings; the output asks it a question.`],
    numbers: async (facts) => {
      if (!anyText(facts)) return noText();
      const cell = await facts.cell(memory, facts.token, 0);
      return [p(`What head 0 recalls for ${facts.text(facts.token)}:`), sum(cell.numbers)];
    },
  };
}

function latent(block, weights) {
  return {
    title: 'Latent attention: one narrow row is kept', blocks: [block, ...weights], focus: [block, ...weights],
    words: () => [`Keys and values of all heads are made from one row of ${block.width} numbers a token. Only this row is kept for later tokens, which makes long texts cheap to remember.`],
  };
}

/** A chapter on windows where some layers see less of the text than others. */
function slidingWindow(geometry) {
  const block = geometry.scene.windows?.[0];
  if (!block) return null;
  const pattern = geometry.blocks.find((other) => other.op === 'attentionPattern' && other.layer === block.layer);
  return pattern && {
    title: `Sliding window: only the last ${block.width} tokens`, blocks: [pattern], focus: [pattern],
    words: () => [`In ${geometry.scene.windows.length} of the blocks, attention sees only the last ${block.width} tokens (${title(pattern)} shows a band). The others see everything; together they are nearly as good, and far cheaper.`],
  };
}

function output(geometry, logits) {
  const head = geometry.blocks.find((block) => block.name === 'output.weight');
  const count = logits.fan?.[3] ?? logits.width;
  return {
    title: 'Output: a score for every token', blocks: [logits, ...(head ? [head] : [])], focus: [logits], share: 0.72,
    words: () => [`At the end of the stream, the last row meets ${count.toLocaleString('en')} rows, one for each token of the vocabulary. The largest scores are the likeliest next tokens.`],
    numbers: async (facts) => {
      if (!anyText(facts)) return noText();
      const next = facts.id(facts.token + 1) ?? null;
      const choice = await facts.view.app.choice(facts.token + 1).catch(() => null);
      const top = choice?.tokens?.[0];
      if (!top) return [];
      const copy = Math.floor(top.id / logits.chunk);
      const cell = await facts.cell(logits, facts.token, logits.copies > 1 ? top.id % logits.chunk : top.id, logits.copies > 1 ? copy : 0);
      return [p(`After ${facts.text(facts.token)}, the highest is ${JSON.stringify(top.text ?? String(top.id))} with `, number(cell.value), next === null ? '.' : `; the text goes on with ${facts.text(facts.token + 1)}.`), sum(cell.numbers)];
    },
  };
}

function largest(values) {
  let best = 0;
  for (let i = 1; i < values.length; i += 1) if (values[i] > values[best]) best = i;
  return best;
}
