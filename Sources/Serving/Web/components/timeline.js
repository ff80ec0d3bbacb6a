// The timeline along the bottom: tokens are its large divisions, the steps of a pass its small ones.

import { h, icon } from './dom.js';
import { label } from './format.js';
import { color } from './theme.js';

/** Pixels from which a token's text is written, and from which its steps are drawn. */
const labelled = 34;
const stepped = 3;

export function mountTimeline(place, app) {
  const { clock, text } = app;
  const canvas = h('canvas', { tabindex: '0', role: 'slider', 'aria-label': 'Place in the text' });
  const playing = h('button.icon', { 'aria-label': 'Play', title: 'Play (space)', onclick: () => clock.toggle() }, icon('play'));
  const where = h('span.place');
  let first = 0;
  let width = 0;
  let frame = 0;

  /** Pixels a token: all fit where there are few, else the window follows the present one. */
  function scale() { return Math.max(12, Math.min(96, width / Math.max(1, text.tokens.length))); }

  function draw() {
    frame = 0;
    const ratio = devicePixelRatio || 1;
    width = canvas.clientWidth;
    const height = canvas.clientHeight;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const count = text.tokens.length;
    const brush = canvas.getContext('2d');
    brush.scale(ratio, ratio);
    const size = scale();
    const visible = width / size;
    const current = app.current();
    if (count <= visible) first = 0;
    else first = Math.max(0, Math.min(count - visible, current < first + 2 ? current - visible * 0.3 : current > first + visible - 3 ? current - visible * 0.7 : first));
    const line = height - 12;
    const x = (token) => (token - first) * size;
    brush.strokeStyle = color('line');
    brush.lineWidth = 1;
    brush.beginPath();
    brush.moveTo(0, line + 0.5);
    brush.lineTo(count ? Math.min(width, x(count)) : width, line + 0.5);
    brush.stroke();
    const steps = Math.max(1, clock.steps.length);
    const from = Math.max(0, Math.floor(first));
    const to = Math.min(count, Math.ceil(first + visible));
    const dropped = app.recorded?.session === text.session ? app.recorded.dropped : 0;
    if (dropped > first) {
      // Hatched: the memory's budget keeps nothing of these, they are worked out again when looked at.
      brush.strokeStyle = color('muted');
      brush.globalAlpha = 0.7;
      for (let left = 0; left < Math.min(width, x(dropped)); left += 6) { brush.beginPath(); brush.moveTo(left, line + 11); brush.lineTo(left + 4, line + 5); brush.stroke(); }
      brush.globalAlpha = 1;
    }
    canvas.title = dropped ? `Hatched: inner values of the first ${dropped} tokens made room for later ones` : '';
    brush.font = `12px ${getComputedStyle(canvas).fontFamily}`;
    for (let token = from; token < to; token += 1) {
      const left = x(token);
      const isPrompt = token < text.promptCount;
      brush.fillStyle = token === current ? color('accent-fill') : isPrompt ? color('line') : color('muted');
      brush.fillRect(Math.round(left), line - 7, 1, 12);
      if (size / steps >= stepped) {
        brush.globalAlpha = 0.4;
        for (let step = 1; step < steps; step += 1) brush.fillRect(Math.round(left + size * step / steps), line - 2, 1, 4);
        brush.globalAlpha = 1;
      }
      if (size >= labelled || token === current) {
        const words = label(text.tokens[token]);
        brush.fillStyle = token === current ? color('accent') : isPrompt ? color('muted') : color('text');
        const shown = fitted(brush, words, token === current ? 120 : size - 6);
        if (size >= labelled) brush.fillText(shown, left + 3, line - 14);
        else brush.fillText(shown, Math.min(left + 3, width - brush.measureText(shown).width - 2), line - 14);
      }
    }
    if (count) {
      const step = app.state.step ?? steps - 1;
      const needle = x(current) + size * (step + 0.5) / steps;
      brush.fillStyle = color('accent-fill');
      brush.fillRect(x(current), line - 1, size, 3);
      brush.beginPath();
      brush.arc(needle, line + 0.5, 5, 0, 2 * Math.PI);
      brush.fill();
    }
    const name = clock.steps[app.state.step ?? -1];
    where.textContent = count ? `${current + 1} / ${count}${name ? ` · ${name}` : ''}` : '';
    canvas.setAttribute('aria-valuenow', String(current + 1));
    canvas.setAttribute('aria-valuemin', '1');
    canvas.setAttribute('aria-valuemax', String(Math.max(1, count)));
    canvas.setAttribute('aria-valuetext', label(text.tokens[current]));
  }

  function fitted(brush, words, room) {
    if (brush.measureText(words).width <= room) return words;
    let end = words.length;
    while (end > 1 && brush.measureText(`${words.slice(0, end)}…`).width > room) end -= 1;
    return `${words.slice(0, end)}…`;
  }

  function later() { frame ||= requestAnimationFrame(draw); }

  function scrub(event) {
    if (!text.tokens.length) return;
    const at = first + (event.clientX - canvas.getBoundingClientRect().left) / scale();
    const token = Math.max(0, Math.min(text.tokens.length - 1, Math.floor(at)));
    const steps = clock.steps.length;
    const fine = steps > 1 && scale() / steps >= stepped;
    clock.pause();
    clock.seek(token, fine ? Math.floor((at - token) * steps) : undefined);
  }

  canvas.addEventListener('pointerdown', (event) => { canvas.setPointerCapture(event.pointerId); scrub(event); });
  canvas.addEventListener('pointermove', (event) => { if (event.buttons & 1) scrub(event); });
  new ResizeObserver(later).observe(canvas);
  app.on((change) => {
    if (change.clock) playing.replaceChildren(icon(clock.playing ? 'pause' : 'play'));
    if ('token' in change || 'step' in change || change.text || change.clock || change.theme || change.recorded) later();
  });
  place.append(
    h('div.buttons',
      h('button.icon', { 'aria-label': 'One step back', title: 'One step back (←)', onclick: () => clock.move(-1) }, icon('previous')),
      playing,
      h('button.icon', { 'aria-label': 'One step on', title: 'One step on (→)', onclick: () => clock.move(1) }, icon('next'))),
    canvas, where);
}
