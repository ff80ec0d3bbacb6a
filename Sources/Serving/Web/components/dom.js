// Elements made in one call; text is always text, never markup.

const svgNames = new Set(['svg', 'path', 'circle', 'ellipse', 'line', 'rect', 'g', 'polyline', 'polygon', 'text', 'title']);

/** `h('p.muted', { onclick }, 'Hello ', h('b', 'you'))`; a plain first child may take the attributes' place. */
export function h(name, attributes, ...children) {
  const [tag, ...classes] = name.split('.');
  const isSVG = svgNames.has(tag) && tag !== 'title';
  const element = isSVG ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  if (classes.length) element.setAttribute('class', classes.join(' '));
  if (attributes instanceof Node || typeof attributes !== 'object' || Array.isArray(attributes) || attributes === null) {
    children.unshift(attributes);
    attributes = {};
  }
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key === 'style') Object.entries(value).forEach(([name, text]) => element.style.setProperty(name, text));
    else if (key === 'value' && 'value' in element) element.value = value;
    else element.setAttribute(key, value === true ? '' : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== undefined && child !== null && child !== false) element.append(child);
  }
  return element;
}

const icons = {
  pen: 'M4 16.5l1-3.5L14 4l2.5 2.5-9 9zM12.5 5.5L15 8',
  pieces: 'M3 5h5v4H3zM10 5h7v4h-7zM3 11.5h8v4H3zM13 11.5h4v4h-4z',
  stack: 'M3 6l7-3 7 3-7 3zM3 10l7 3 7-3M3 14l7 3 7-3',
  play: 'M6.5 4v12l9-6z', pause: 'M6.5 4.5v11M13.5 4.5v11', previous: 'M12.5 5L7 10l5.5 5', next: 'M7.5 5l5.5 5-5.5 5',
  moon: 'M15.5 12A6.5 6.5 0 0 1 8 4.500 6.500 6.500 0 1 0 15.500 12z',
  sun: 'M10 6.500a3.500 3.500 0 1 1 0 7 3.500 3.500 0 0 1 0-7zM10 2v1.500M10 16.500V18M2 10h1.500M16.500 10H18M4.300 4.300l1.100 1.100M14.600 14.600l1.100 1.100M15.700 4.300l-1.100 1.100M5.400 14.600l-1.100 1.100',
  question: 'M7.500 7.500a2.500 2.500 0 1 1 3.600 2.200c-.8.4-1.100.9-1.100 1.800M10 14.500v.2', close: 'M5 5l10 10M15 5L5 15',
  copy: 'M7 7h9v9H7zM4 13V4h9', down: 'M6 8l4 4 4-4', branch: 'M6 4v12M6 10c0 3 8 1 8-5M14 5v-.5',
  cube: 'M10 3l6 3.500v7L10 17l-6-3.500v-7zM4 6.500l6 3.500 6-3.500M10 10v7', grid: 'M3.500 3.500h13v13h-13zM3.500 8h13M3.500 12.300h13M8 3.500v13M12.300 3.500v13',
  lens: 'M9 4a5 5 0 1 1 0 10A5 5 0 0 1 9 4zM12.600 12.600L17 17', compare: 'M4 4h5v12H4zM11 4h5v12h-5z', edit: 'M4 6h12M4 10h12M4 14h12M8 4.500v3M13 8.500v3M6 12.500v3',
  meaning: 'M5 14.500a1.500 1.500 0 1 1 0-.1M14.500 5.500a1.500 1.500 0 1 1 0-.1M12.500 14a1.500 1.500 0 1 1 0-.1M5.500 12.500l7-6', experts: 'M4 16V9M8 16V5M12 16v-5M16 16V7', train: 'M3 15l4-6 3.500 3L17 5',
};

/** A line icon by name. */
export function icon(name) {
  return h('svg.icon', { viewBox: '0 0 20 20', 'aria-hidden': 'true' }, h('path', { d: icons[name] ?? icons.question }));
}
