// The inspector of Generate: what one token was chosen from, redrawn as the settings move.

import { h } from '../components/dom.js';
import { bits, count, label, percent } from '../components/format.js';
import { kind } from '../components/inspector.js';
import { term } from '../components/tips.js';
import { redraw } from '../distribution.js';

const shown = 20;
const settings = [
  { name: 'temperature', key: 'temperature', min: 0, max: 2, step: 0.05, digits: 2 },
  { name: 'top-k', key: 'topK', min: 0, max: 200, step: 1, digits: 0, none: 0 },
  { name: 'top-p', key: 'topP', min: 0.05, max: 1, step: 0.01, digits: 2, none: 1 },
  { name: 'min-p', key: 'minP', min: 0, max: 0.5, step: 0.01, digits: 2, none: 0 },
];

let asked = null;
let panel = null;

/** Shows the present token; asks the server for what the text does not hold. */
export async function showChoice(app) {
  const { text } = app;
  const index = app.current();
  const token = text.tokens[index];
  // On narrow screens the inspector covers the sentence, so it waits for a token to be chosen.
  const isAsked = app.state.token != null && !app.clock.playing;
  if (!token || (innerWidth <= 820 && !isAsked)) return app.inspector.clear();
  const known = token.full ?? token.choice;
  const isFirst = index === 0;
  const { reading } = text;
  const note = isFirst ? 'Nothing stands before the first token.' : reading ? h('progress', { max: reading.of, value: reading.read }) : '…';
  show(app, index, token, known ?? null, note);
  const key = `${text.session}/${index}`;
  // What came with the text is enough while it runs; a chosen token is worth all that was kept.
  const isChosen = app.state.token != null && !app.clock.playing;
  if (token.full || isFirst || asked === key || text.running || (known && !isChosen)) return;
  asked = key;
  try {
    token.full = await app.choice(index);
    if (text.tokens[index] === token && app.current() === index && app.state.view === 'generate') show(app, index, token, token.full);
  } catch (error) {
    if (app.current() === index && !known) show(app, index, token, null, error.message);
  } finally {
    if (asked === key) asked = null;
  }
}

function show(app, index, token, choice, note) {
  const isGiven = index < app.text.promptCount;
  const isTaken = choice && choice.token === token.id;
  const rows = [];
  if (choice) {
    rows.push(
      [term('probability'), isTaken ? percent(choice.probability) : `under ${percent(Math.exp((choice.top.at(-1)?.logit ?? 0) - choice.logSum))}`],
      [term('rank'), isTaken ? `${count(choice.rank + 1)} of ${count(choice.vocabulary)}` : `after ${choice.top.length}`]);
    if (isTaken) rows.push([term('surprise'), `${bits(choice.probability).toFixed(2)} bits`]);
    rows.push([term('entropy'), `${(choice.entropy / Math.LN2).toFixed(2)} bits`]);
  }
  panel = choice ? distribution(app, index, choice) : null;
  app.inspector.show({
    key: 'token',
    title: label(token),
    subtitle: `token ${index}, id ${token.id}${isGiven ? ', given' : ''}`,
    kind: choice ? 'value' : undefined,
    rows,
    body: panel ? panel.nodes : [h('p.muted', note)],
    command: command(app),
  });
}

function distribution(app, index, choice) {
  const bars = h('ol.bars');
  const note = h('p.small.muted');
  const update = () => {
    const { rows, kept, tail } = redraw(choice, app.sampling);
    const peak = Math.max(...rows.slice(0, shown).map((row) => Math.max(row.probability, row.plain)));
    let cut = null;
    bars.replaceChildren(...rows.slice(0, shown).map((row) => {
      const begins = row.cut && row.cut !== cut;
      cut = row.cut;
      return h('li', begins ? h('p.border', `${row.cut} cuts here`) : null, h(`button${row.cut ? '.cut' : ''}${row.id === choice.token ? '.taken' : ''}`, {
        title: row.cut ? `cut by ${row.cut}; take it all the same` : 'take this one instead',
        onclick: () => app.run({ session: app.text.session, keep: index, take: row.id }),
      },
      h('span.plain', { style: { width: `${(100 * row.plain / peak).toFixed(2)}%` } }),
      h('span.bar', { style: { width: `${(100 * row.probability / peak).toFixed(2)}%` } }),
      h('span.label', label(row)), h('span.share', percent(row.cut ? row.plain : row.probability))));
    }));
    note.replaceChildren(
      `The ${count(choice.top.length)} likeliest of ${count(choice.vocabulary)} tokens are at hand, ${percent(kept)} of the whole`,
      ...(tail > 0.0005 ? [`; what lies beyond has at most ${percent(tail)} under these settings `, kind('estimate')] : []), '. ',
      'Wide and faint is the model\u2019s own probability, thin and bright what these settings make of it. A click takes another token, and the text branches there.');
  };
  const sliders = settings.map((setting) => {
    const output = h('output');
    const write = () => {
      const value = app.sampling[setting.key];
      output.textContent = value === setting.none ? 'off' : value.toFixed(setting.digits);
    };
    const input = h('input', {
      type: 'range', min: setting.min, max: setting.max, step: setting.step, 'aria-label': setting.name,
      oninput: () => { app.setSampling(setting.key, Number(input.value)); write(); update(); },
    });
    input.value = app.sampling[setting.key];
    write();
    return h('label.slider', h('span', term(setting.name)), output, input);
  });
  update();
  return { nodes: [bars, h('div.settings', sliders), note] };
}

/** The same text from the terminal, where it was written in one go. */
function command(app) {
  const { state, sampling, text } = app;
  if (!state.prompt || state.seed === undefined || text.parent || !app.model) return undefined;
  const quoted = `'${String(state.prompt).replaceAll("'", "'\\''")}'`;
  return `orrery run ${app.model.id} ${quoted} --seed ${state.seed} --max-tokens ${sampling.maxTokens}`
    + ` --temperature ${sampling.temperature} --top-k ${sampling.topK} --top-p ${sampling.topP} --min-p ${sampling.minP}`;
}
