// The selection that all views share, mirrored in the address so that a link is a place.
//
// Known names: view, model, session, token, step, layer, head, tensor; views may add their own. Numbers are written as
// numbers, null and undefined are left out.

const listeners = new Set();
export const state = read();

function read() {
  const [view, query] = location.hash.replace(/^#/, '').split('?');
  const values = { view: view || 'generate' };
  for (const [name, text] of new URLSearchParams(query ?? '')) {
    values[name] = /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text;
  }
  return values;
}

function address() {
  const { view, ...rest } = state;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(rest)) {
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return `#${view}${text ? `?${text}` : ''}`;
}

function tell(change) {
  for (const listener of [...listeners]) {
    try { listener(change, state); } catch (error) { console.error(error); }
  }
}

/** Calls `listener(change, state)` after every change; returns what ends it. */
export function on(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Changes the selection, the address with it, and tells all listeners what is new. */
export function set(values) {
  const change = {};
  for (const [name, value] of Object.entries(values)) {
    if (state[name] !== value) {
      change[name] = value;
      state[name] = value;
    }
  }
  if (!Object.keys(change).length) return;
  const to = address();
  if (to !== location.hash) history[change.view ? 'pushState' : 'replaceState'](null, '', to);
  tell(change);
}

/** Tells listeners of something that is no selection, like `{ text: 'token' }`; the address stays. */
export function announce(change) { tell(change); }

addEventListener('popstate', () => {
  const values = read();
  const change = {};
  for (const name of new Set([...Object.keys(state), ...Object.keys(values)])) {
    if (state[name] !== values[name]) {
      change[name] = values[name];
      if (values[name] === undefined) delete state[name]; else state[name] = values[name];
    }
  }
  if (Object.keys(change).length) tell(change);
});
