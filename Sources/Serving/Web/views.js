// The views, in the order of the rail; one line each. `load` brings a module whose default export is
// `{ id, title, mount(element, app) → { update?(change), unmount() } }`.

export const views = [
  { id: 'generate', title: 'Generate', icon: 'pen', load: () => import('./views/generate.js') },
  { id: 'anatomy', title: 'Anatomy', icon: 'cube', load: () => import('./views/anatomy.js') },
  { id: 'attention', title: 'Attention', icon: 'grid', load: () => import('./views/attention.js') },
  { id: 'lens', title: 'Lens', icon: 'lens', load: () => import('./views/lens.js') },
  { id: 'compare', title: 'Compare', icon: 'compare', load: () => import('./views/compare.js') },
  { id: 'edit', title: 'Edit', icon: 'edit', load: () => import('./views/edit.js') },
  { id: 'meaning', title: 'Meaning', icon: 'meaning', load: () => import('./views/meaning.js') },
  { id: 'experts', title: 'Experts', icon: 'experts', load: () => import('./views/experts.js') },
  { id: 'trace', title: 'Trace', icon: 'copy', load: () => import('./views/trace.js') },
  { id: 'tokens', title: 'Tokens', icon: 'pieces', load: () => import('./views/tokens.js') },
  { id: 'memory', title: 'Memory', icon: 'stack', load: () => import('./views/memory.js') },
  { id: 'train', title: 'Train', icon: 'train', needsNoModel: true, load: () => import('./views/train.js') },
];
