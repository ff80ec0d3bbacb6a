// The views, in the order of the rail; one line each. `load` brings a module whose default export is
// `{ id, title, mount(element, app) → { update?(change), unmount() } }`.

export const views = [
  { id: 'generate', title: 'Generate', icon: 'pen', load: () => import('./views/generate.js') },
  { id: 'anatomy', title: 'Anatomy', icon: 'cube', load: () => import('./views/anatomy.js') },
  { id: 'tokens', title: 'Tokens', icon: 'pieces', load: () => import('./views/tokens.js') },
  { id: 'memory', title: 'Memory', icon: 'stack', load: () => import('./views/memory.js') },
];
