// The views, in the order of the rail; one line each. A view's class is in `views/ID.js`, its styles in `views/ID.css`.

export const views = [
  { id: 'generate', title: 'Generate', icon: 'pen' },
  { id: 'anatomy', title: 'Anatomy', icon: 'cube' },
  { id: 'attention', title: 'Attention', icon: 'grid' },
  { id: 'lens', title: 'Lens', icon: 'lens' },
  { id: 'compare', title: 'Compare', icon: 'compare' },
  { id: 'edit', title: 'Edit', icon: 'edit' },
  { id: 'meaning', title: 'Meaning', icon: 'meaning' },
  { id: 'experts', title: 'Experts', icon: 'experts' },
  { id: 'trace', title: 'Trace', icon: 'copy' },
  { id: 'tokens', title: 'Tokens', icon: 'pieces' },
  { id: 'memory', title: 'Memory', icon: 'stack' },
  { id: 'train', title: 'Train', icon: 'train', needsNoModel: true },
];
