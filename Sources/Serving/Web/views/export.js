// The present view as one HTML file that opens anywhere: styles inside, canvases as pictures, no scripts.

import { h } from '../components/dom.js';

/** A button that saves the view. */
export function exportButton(app) {
  return h('button.small.save', { onclick: () => savePage(app), title: 'Save this view as one HTML file' }, 'Save as page');
}

export async function savePage(app) {
  const page = document.documentElement.cloneNode(true);
  const canvases = [...document.querySelectorAll('canvas')];
  [...page.querySelectorAll('canvas')].forEach((copy, index) => {
    const canvas = canvases[index];
    const image = document.createElement('img');
    try { image.src = canvas.toDataURL('image/png'); } catch { return; }
    image.alt = canvas.getAttribute('aria-label') ?? '';
    image.style.cssText = `${canvas.style.cssText};width:${canvas.clientWidth}px;height:${canvas.clientHeight}px`;
    copy.replaceWith(image);
  });
  page.querySelectorAll('script, noscript, link, #rail, #time .buttons, #top form, #top .tools, dialog, #tip, #toast').forEach((element) => element.remove());
  let style = '';
  for (const sheet of document.styleSheets) {
    try { for (const rule of sheet.cssRules) style += `${rule.cssText}\n`; } catch { /* a sheet of another origin has no rules to read */ }
  }
  style += 'body { overflow: auto; height: auto; } #view { overflow: visible; }';
  const head = page.querySelector('head');
  head.append(Object.assign(document.createElement('style'), { textContent: style }));
  const words = `Saved from Orrery on ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, model ${app.model?.id ?? 'none'}.`;
  page.querySelector('#view')?.append(Object.assign(document.createElement('p'), { className: 'page small muted', textContent: words }));
  download(new Blob([`<!doctype html>\n${page.outerHTML}`], { type: 'text/html' }), `orrery-${app.state.view}.html`);
}

/** Saves a file under a name. */
export function download(blob, name) {
  const link = h('a', { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
