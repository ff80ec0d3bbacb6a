// The stages between a text and its tokens, one under the other.

import { h } from '../components/dom.js';
import { label } from '../components/format.js';
import { term } from '../components/tips.js';

/** Words whose merges are listed. */
const words = 24;
/** Parts that a stage shows. */
const parts = 200;

const shown = (part) => label(part);

export function stages(result) {
  const { normalisations, parts: stretches, prefix, suffix } = result.stages;
  const place = h('div.steps');
  place.append(h('h3', 'Stage by stage'));
  const normal = normalisations.filter((steps) => steps.length);
  if (!normal.length) place.append(line([term('normaliser'), ': none; the text stays as it is'], null));
  for (const steps of normal) for (const step of steps) place.append(line([term('normaliser'), `: ${step.name}`], step.parts));
  for (const stretch of stretches) {
    if (stretch.token) {
      place.append(line([term('control token'), ' found in the text'], [stretch.token]));
      continue;
    }
    if (!stretch.cuts.length) place.append(line([term('pre-tokeniser'), ': none; the text is one word'], null));
    for (const step of stretch.cuts) place.append(line([term('pre-tokeniser'), `: ${step.name}`], step.parts));
    const merged = stretch.words.filter((word) => word.merges.length);
    place.append(line([`${result.kind}: each word becomes tokens`], stretch.words.flatMap((word) => word.tokens)));
    if (merged.length) {
      place.append(h('div', merged.slice(0, words).map(merges),
        merged.length > words ? h('p.muted.small', `… and ${merged.length - words} more words with merges`) : null));
    }
  }
  if (prefix.length || suffix.length) place.append(h('p.small.muted', `Around it: ids ${prefix.join(', ') || 'none'} in front, ${suffix.join(', ') || 'none'} at the end.`));
  return place;
}

function line(title, items) {
  return h('div', h('p.small', title),
    items && h('div.parts', items.slice(0, parts).map((item) => h('span.p', shown(item))), items.length > parts ? h('span.muted', `… ${items.length - parts} more`) : null));
}

/** Every merge of one word in order, drawn as the row of pieces after it. */
function merges(word) {
  const body = h('div.merges');
  const details = h('details', { ontoggle: () => { if (details.open && !body.childElementCount) body.append(...rows(word)); } },
    h('summary', h('span.mono', shown(word.word)), h('span.small', `${word.merges.length} ${word.merges.length === 1 ? 'merge' : 'merges'}`)), body);
  return details;
}

function rows(word) {
  let offset = 0;
  let pieces = word.symbols.map((symbol, index) => {
    const piece = { label: shown(symbol), offset, size: word.symbolBytes[index] };
    offset += piece.size;
    return piece;
  });
  const row = (words, fresh) => h('div.row', h('small', words), h('div.pieces-row', pieces.map((piece) => h(piece === fresh ? 'span.new' : 'span', piece.label))));
  const list = [row('begins as')];
  for (const merge of word.merges) {
    const place = pieces.findIndex((piece) => piece.offset === merge.offset);
    if (place < 0 || place + 1 >= pieces.length) break;
    const joined = { label: `${shown(merge.left)}${shown(merge.right)}`, offset: merge.offset, size: merge.leftBytes + merge.rightBytes };
    pieces = [...pieces.slice(0, place), joined, ...pieces.slice(place + 2)];
    list.push(row(`rank ${merge.rank}`, joined));
  }
  return list;
}
