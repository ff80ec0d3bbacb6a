// What the inspector says of a head, and of one cell of its matrix.

import { h } from '../components/dom.js';
import { label, number, percent } from '../components/format.js';
import { kind } from '../components/inspector.js';
import { term } from '../components/tips.js';
import { isOver } from './recording.js';

const scores = [
  ['previous', 'previous token'], ['first', 'first-token sink'], ['induction', 'induction'], ['duplicate', 'duplicate token'],
  ['own', 'own token'], ['local', 'local'], ['entropy', 'spread (entropy)'], ['sink', 'learnt sink'],
];

/** A head: what it does, in scores computed from its pattern. */
export function showHead(app, found, site, { layer, head }) {
  const group = site.heads / site.keyHeads;
  const rows = [
    ['query width', String(site.width)],
    ['keys and values', group > 1 ? `of key-value head ${Math.floor(head / group)}, shared by ${group}` : 'its own'],
    ['sees', site.mask === 'causal' ? 'all tokens before' : site.mask],
    ['scale', number(site.scale)],
  ];
  if (site.softcap) rows.push(['scores capped at', number(site.softcap)]);
  app.inspector.show({
    title: `Head ${layer}.${head}`, key: `head ${layer}.${head}`,
    subtitle: found ? (found.role ? `a ${found.role} head on this text` : 'no single habit on this text') : 'reading its pattern…',
    rows,
    body: [
      found && h('div.head-scores', h('h3', 'What it does ', kind(found.kind)),
        scores.filter(([name]) => found[name] !== null && found[name] !== undefined && (name !== 'sink' || site.hasSinks)).map(([name, words]) => h('div.head-score',
          term(`score:${name}`, words), h('span.number', percent(found[name])), h('i', { style: { width: `${Math.round(found[name] * 100)}%` } }))),
        h('small.muted', found.rows < found.of - 1 ? `means over ${found.rows} of ${found.of} rows` : `means over all ${found.rows} rows`)),
    ],
    command: `orrery trace MODEL PROMPT --values 'blocks.${layer}.attn.pattern' --output head.safetensors`,
  });
}

let wanted = 0;

/** One cell: the weight, and the products of query and key that make its score. */
export async function showCell(app, recording, { layer, head, row, column }) {
  const mine = ++wanted;
  await new Promise((done) => setTimeout(done, 70));
  if (mine !== wanted) return;
  let parts;
  try { parts = await recording.json('attention/score', { layer, head, from: row, to: column }); } catch (error) {
    if (!isOver(error)) console.error(error);
    return;
  }
  if (mine !== wanted) return;
  const { tokens } = app.text;
  const products = parts.query.map((value, index) => ({ index, value, key: parts.key[index], part: value * parts.key[index] * parts.scale }));
  const largest = [...products].sort((a, b) => Math.abs(b.part) - Math.abs(a.part)).slice(0, 10);
  const range = Math.max(...largest.map(({ part }) => Math.abs(part)), 1e-12);
  app.inspector.show({
    title: `${label(tokens[row])} → ${label(tokens[column])}`, key: 'cell',
    subtitle: `token ${row} looks at token ${column}`, kind: 'value',
    rows: [
      ['weight', percent(parts.probability)],
      ['score', number(parts.score)],
      ...(parts.capped !== parts.score ? [['after the cap', number(parts.capped)]] : []),
    ],
    body: [
      h('p.small.formula', `softmax of ${number(parts.score)} = ${number(parts.scale)} · Σ q · k`),
      h('h3', 'Largest products of query and key ', kind('derived')),
      h('div.products', largest.map(({ index, value, key, part }) => h('div.product',
        h('span.mono', `q[${index}] · k[${index}]`), h('small.muted', `${number(value)} · ${number(key)}`), h('span.number', number(part)),
        h('i', { style: { width: `${Math.abs(part) / range * 50}%`, [part < 0 ? 'right' : 'left']: '50%', background: `var(--${part < 0 ? 'negative' : 'positive'})` } })))),
    ],
  });
}
