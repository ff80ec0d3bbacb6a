// The theme before anything is drawn: as a person chose, else as the system says; components/theme.js goes on from here.
{
  let chosen = null;
  try { chosen = localStorage.getItem('theme'); } catch { /* private windows keep nothing */ }
  const isLight = chosen ? chosen === 'paper' : matchMedia('(prefers-color-scheme: light)').matches;
  document.documentElement.dataset.theme = isLight ? 'paper' : 'observatory';
}
