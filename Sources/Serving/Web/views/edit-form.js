// Forms for the edits that no click on a picture makes: steering, patching, single neurons and experts.

import { h } from '../components/dom.js';
import { term } from '../components/tips.js';

const kinds = [['steering', 'Steer'], ['patch', 'Patch'], ['neuron', 'Neuron'], ['expert', 'Expert']];

/** A form that calls `add(edit)`; only what the model has is offered. */
export function editForm(app, info, add) {
  const layers = info.layers.length;
  const has = { steering: true, patch: true, neuron: info.layers.some((layer) => layer.neurons), expert: info.layers.some((layer) => layer.experts) };
  let kind = 'steering';
  const place = h('div.edit-fields');
  const buttons = kinds.filter(([name]) => has[name]).map(([name, words]) => h('button', { 'aria-pressed': String(name === kind), onclick: () => { kind = name; draw(); } }, words));
  const field = (words, input) => h('label', h('span.small.muted', words), input);
  const whole = (value, max) => h('input', { type: 'number', min: 0, max, step: 1, value, required: true });
  const words = (value, placeholder) => h('input', { type: 'text', value, placeholder, required: true });

  function draw() {
    buttons.forEach((button, index) => button.setAttribute('aria-pressed', String(kinds.filter(([name]) => has[name])[index][0] === kind)));
    const middle = Math.floor(layers / 2);
    const parts = {
      steering: () => {
        const [toward, away, layer, strength] = [words('happy', 'like happy'), words('sad', 'like sad'), whole(middle, layers - 1), h('input', { type: 'number', step: 0.5, value: 2 })];
        return [[field('toward', toward), field('away from', away), field('before layer', layer), field('strength', strength)],
          () => ({ kind, toward: toward.value, away: away.value, layer: Number(layer.value), strength: Number(strength.value) })];
      },
      patch: () => {
        const last = Math.max(0, app.text.promptCount - 1);
        const [prompt, layer, position] = [words('', 'another prompt, whose last token is transplanted'), whole(middle, layers - 1), whole(last, Math.max(0, app.text.tokens.length - 1))];
        return [[field('from the end of', prompt), field('before layer', layer), field('into token', position)],
          () => ({ kind, prompt: prompt.value, layer: Number(layer.value), position: Number(position.value) })];
      },
      neuron: () => {
        const count = Math.max(...info.layers.map((entry) => entry.neurons ?? 0));
        const [layer, neuron, by] = [whole(0, layers - 1), whole(0, count - 1), h('input', { type: 'number', step: 0.5, value: 0 })];
        return [[field('layer', layer), field('neuron', neuron), field('times', by)], () => ({ kind, layer: Number(layer.value), neuron: Number(neuron.value), by: Number(by.value) })];
      },
      expert: () => {
        const first = info.layers.findIndex((entry) => entry.experts);
        const [layer, expert, by] = [whole(first, layers - 1), whole(0, info.layers[first].experts - 1), h('input', { type: 'number', step: 0.5, value: 0 })];
        return [[field('layer', layer), field('expert', expert), field('times', by)], () => ({ kind, layer: Number(layer.value), expert: Number(expert.value), by: Number(by.value) })];
      },
    };
    const [fields, read] = parts[kind]();
    place.replaceChildren(h('form', { onsubmit: (event) => { event.preventDefault(); add(read()); } }, fields, h('button.next', { type: 'submit' }, 'Add')));
  }

  draw();
  return [h('div.choices', h('span.muted', 'Or ', term('steering', 'steer'), ', ', term('patching', 'patch'), ' and single parts'), buttons), place];
}
