// Numbers and tokens as they are written everywhere.

/** Bytes with a binary unit: 1.5 GiB. */
export function bytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let value = count;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit += 1; }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** A share of one as a percentage with three significant digits; tiny ones as a power. */
export function percent(share) {
  if (!(share > 0)) return share === 0 ? '0 %' : '–';
  const value = share * 100;
  if (value >= 99.95) return `${value.toFixed(value >= 99.995 ? 0 : 2)} %`;
  if (value >= 10) return `${value.toFixed(1)} %`;
  if (value >= 0.01) return `${value.toFixed(2)} %`;
  return `${share.toExponential(1)}`;
}

/** A number with about four digits. */
export function number(value) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(2);
  return value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : 3);
}

/** A whole number with thin spaces between thousands. */
export function count(value) { return String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f'); }

/** A token as a label: spaces and line ends made visible, bytes in brackets. */
export function label(token) {
  if (!token) return '';
  if (token.text === undefined) return `⟨${token.bytes ?? '?'}⟩`;
  if (token.text === '') return '∅';
  return token.text.replace(/^ /, '␣').replace(/ $/, '␣').replaceAll('\n', '⏎').replaceAll('\t', '⇥')
    .replace(/[\u0000-\u001f\u007f]/g, (c) => `⟨${c.charCodeAt(0).toString(16).padStart(2, '0')}⟩`);
}

/** Surprise in bits. */
export function bits(probability) { return probability > 0 ? -Math.log2(probability) : Infinity; }
