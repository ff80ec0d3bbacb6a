// Blocks in the words of the field, and what each kind of operation does to them.

const words = [
  [/^tokens$/, 'tokens'], [/^embed$|^gather_\d+$/, 'token embeddings'], [/^pos_embed$/, 'position embeddings'],
  [/^token_embd\.weight$/, 'token embedding table'], [/^position_embd\.weight$/, 'position table'],
  [/^output\.weight$/, 'unembedding W'], [/^output_norm\.(weight|bias)$/, 'final norm $1'],
  [/^ln_final/, 'final norm'], [/^logits$/, 'logits'],
  [/resid_pre$/, 'residual stream'], [/resid_mid$/, 'residual + attention'], [/resid_post$/, 'residual + feed-forward'],
  [/ln1\.normalized$|^blocks\.\d+\.normalized$/, 'norm before attention'], [/ln2\.normalized$/, 'norm before feed-forward'],
  [/attn\.scores$/, 'attention scores'], [/attn\.pattern$/, 'attention pattern'], [/attn\.z$/, 'mixed values'],
  [/attn\.(rot_q|q|normed_q|absorbed_q)$/, (m) => ({ rot_q: 'queries, turned', q: 'queries', normed_q: 'queries, normed', absorbed_q: 'queries, absorbed' })[m[1]]],
  [/attn\.(rot_k|k|normed_k)$/, (m) => ({ rot_k: 'keys, turned', k: 'keys', normed_k: 'keys, normed' })[m[1]]],
  [/attn\.v$/, 'values'], [/attn\.latent$/, 'latent row'], [/attn\.q_latent$/, 'query latent'], [/attn\.head_out$/, 'head outputs'],
  [/attn_out$/, 'attention output'], [/mixer_out$/, 'mixer output'], [/mlp_out$/, 'feed-forward output'],
  [/mlp\.pre$/, 'neurons before'], [/mlp\.post$/, 'neurons'], [/mlp\.pre_linear$/, 'gated by'],
  [/router_logits$/, 'router'], [/expert_indices$/, 'chosen experts'], [/expert_weights$/, 'expert weights'], [/routed_out$/, 'experts, mixed'],
  [/shared\.(pre|post|pre_linear|out)$/, 'shared expert'], [/\.conv$/, 'convolved'], [/recalled$/, 'recalled from memory'],
  [/attn_q(_a|_b)?\.(weight|bias)$/, (m) => `W query${m[1] === '_a' ? ' down' : m[1] === '_b' ? ' up' : ''}${m[2] === 'bias' ? ' bias' : ''}`],
  [/attn_k\.(weight|bias)$/, (m) => `W key${m[1] === 'bias' ? ' bias' : ''}`], [/attn_v\.(weight|bias)$/, (m) => `W value${m[1] === 'bias' ? ' bias' : ''}`],
  [/attn_kv_a_mqa\.weight$/, 'W latent'], [/attn_k_b\.weight$/, 'W key from latent'], [/attn_v_b\.weight$/, 'W value from latent'],
  [/attn_qkv\.(weight|bias)$/, (m, block) => `W ${['query', 'key', 'value'][Math.min(2, Math.round(block.columns[1] / Math.max(1, (block.fan?.[3] ?? block.columns[2]))))]}${m[1] === 'bias' ? ' bias' : ''}`],
  [/attn_output\.(weight|bias)$/, (m) => `W output${m[1] === 'bias' ? ' bias' : ''}`],
  [/ffn_up\.(weight|bias)$/, (m) => `W up${m[1] === 'bias' ? ' bias' : ''}`], [/ffn_gate\.(weight|bias)$/, (m) => `W gate${m[1] === 'bias' ? ' bias' : ''}`],
  [/ffn_down\.(weight|bias)$/, (m) => `W down${m[1] === 'bias' ? ' bias' : ''}`],
  [/ffn_gate_inp\.(weight|bias)$/, 'W router'], [/ffn_(gate|up|down)_exps\.(weight|bias)$/, (m) => `experts: W ${m[1]}${m[2] === 'bias' ? ' bias' : ''}`],
  [/ffn_(gate|up|down)_shexp\.weight$/, (m) => `shared expert: W ${m[1]}`],
  [/ssm_conv1d\.(weight|bias)$/, 'convolution taps'], [/ssm_in\.weight$/, 'W in'], [/ssm_out\.weight$/, 'W out'],
  [/norm\.(weight|bias)$/, (m) => `norm ${m[1]}`],
];

/** A short name in words. */
export function title(block) {
  if (block.title) return block.title;
  for (const [pattern, text] of words) {
    const match = pattern.exec(block.name);
    if (match) return (block.title = typeof text === 'function' ? text(match, block) : text.replace('$1', match[1] ?? ''));
  }
  const last = block.name.split('.').pop();
  return (block.title = /_\d+$/.test(last) ? (plain[block.op] ?? block.op) : last.replaceAll('_', ' '));
}

const plain = {
  silu: 'SiLU', gelu: 'GELU', geluTanh: 'GELU', sigmoid: 'sigmoid', softmax: 'softmax', rmsNorm: 'norm', layerNorm: 'norm',
  add: 'sum', multiply: 'product', affine: 'scaled', linear: 'projected', rope: 'turned', concatenate: 'joined', pick: 'picked',
  normalizeSum: 'shares', clamp: 'bounded', expertLinear: 'expert outputs', shortConvolution: 'convolved', reshape: 'view', slice: 'part',
};

/** What a far view calls a side of a layer. */
export function groupTitle({ layer, part }) {
  if (part === 'embedding') return 'embedding';
  if (part === 'head') return 'output';
  const name = { attention: 'attention', recurrence: 'recurrence', feedForward: 'feed-forward', experts: 'experts' }[part] ?? part;
  return `${layer} · ${name}`;
}

/** What each dimension of a block counts, where that is known. */
export function axisWords(block) {
  const last = block.shape.length - 1;
  return block.shape.map((size, dimension) => {
    if (block.isWeight) return dimension === last && block.shape.length > 1 ? 'in' : block.shape.length === 3 && dimension === 0 ? (block.part === 'experts' ? 'expert' : 'head') : 'out';
    if (dimension === 0) return 'token';
    if (block.shape.length === 3 && dimension === 1) return block.part === 'experts' ? 'choice' : 'head';
    return block.op.startsWith('attention') && dimension === last && !block.name.endsWith('.z') ? 'to token' : block.name === 'logits' ? 'next token' : 'channel';
  });
}
