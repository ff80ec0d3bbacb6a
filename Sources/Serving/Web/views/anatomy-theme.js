// The page's colours as the picture needs them.

let probe = null;

function rgb(text) {
  probe ??= document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  probe.clearRect(0, 0, 1, 1);
  probe.fillStyle = text;
  probe.fillRect(0, 0, 1, 1);
  return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((value) => value / 255);
}

/** Colours for the renderer as numbers, for the overlay as CSS. */
export function readTheme(element) {
  const style = getComputedStyle(element);
  const css = (name) => style.getPropertyValue(`--${name}`).trim();
  const roles = ['role-weights', 'role-activations', 'role-attention', 'role-state', 'accent-fill'].map(css);
  const ground = css('sunken');
  return {
    gl: {
      ground: rgb(ground), line: rgb(css('muted')), accent: rgb(css('accent-fill')), negative: rgb(css('negative')),
      zero: rgb(css('zero')), positive: rgb(css('positive')), share: rgb(css('sequential')), roles: roles.map(rgb),
    },
    overlay: { ground, text: css('text'), muted: css('muted'), accent: css('accent'), cellGround: css('zero'), roles, font: style.fontFamily },
  };
}
