// @ts-check
/** Numbers, money, times and spans as people read them. Unknown is always shown as a dash. */

export const NONE = '–';
const MINUS = '\u2212';

/** @param {any} value @returns {number | null} */
export function number(value) {
  if (value === null || value === undefined || value === '') return null;
  const found = Number(value);
  return Number.isFinite(found) ? found : null;
}

/** @param {any} value @param {number} places @param {boolean} [signed] */
export function fixed(value, places, signed = false) {
  const found = number(value);
  if (found === null) return NONE;
  const text = Math.abs(found).toLocaleString('en-GB', {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  });
  const isZero = !/[1-9]/.test(text);
  if (isZero) return text;
  return `${found < 0 ? MINUS : signed ? '+' : ''}${text}`;
}

/** Quote currency; small amounts keep their digits. @param {any} value @param {{signed?: boolean}} [how] */
export function money(value, { signed = false } = {}) {
  const found = number(value);
  if (found === null) return NONE;
  const size = Math.abs(found);
  return fixed(found, size !== 0 && size < 0.1 ? 4 : 2, signed);
}

/** A price or size as the venue wrote it, its digits grouped. @param {any} value */
export function price(value) {
  if (number(value) === null) return NONE;
  const text = String(value);
  if (!/^-?\d+(\.\d+)?$/.test(text)) return fixed(value, 2);
  const [whole, rest] = text.replace('-', '').split('.');
  const digits = (rest || '').replace(/0+$/, '');
  const kept = digits.length > 8 ? digits.slice(0, 8) : digits;
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${text.startsWith('-') ? MINUS : ''}${grouped}${kept ? `.${kept}` : ''}`;
}

/** @param {any} fraction @param {number} [places] @param {boolean} [signed] */
export function percent(fraction, places = 2, signed = false) {
  const found = number(fraction);
  return found === null ? NONE : `${fixed(found * 100, places, signed)} %`;
}

/** A score or a contribution to one. @param {any} value */
export function score(value) {
  return fixed(value, 2, true);
}

/** @param {any} ms */
export function milliseconds(ms) {
  const found = number(ms);
  if (found === null) return NONE;
  if (found >= 1000) return `${fixed(found / 1000, 1)} s`;
  return `${fixed(found, found < 10 ? 2 : 0)} ms`;
}

/** @param {any} bytes */
export function bytes(bytes) {
  let found = number(bytes);
  if (found === null) return NONE;
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    if (Math.abs(found) < 1000 || unit === 'GB') return `${fixed(found, unit === 'B' ? 0 : 1)} ${unit}`;
    found /= 1000;
  }
  return NONE;
}

/** A span of time in its two largest parts. @param {any} ms */
export function span(ms) {
  const found = number(ms);
  if (found === null) return NONE;
  const seconds = Math.max(0, Math.round(found / 1000));
  const parts = [
    [Math.floor(seconds / 86400), 'd'],
    [Math.floor((seconds % 86400) / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => Number(count) > 0);
  if (first === -1) return '0 s';
  const shown = parts.slice(first, first + 2).filter(([count]) => Number(count) > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ');
}

/** A word of the machine as a word of people: "stop_loss" is "stop loss". @param {any} value */
export function plain(value) {
  return value === null || value === undefined ? NONE : String(value).replaceAll('_', ' ');
}

/** @param {any} value up, down or level of a signed amount @returns {string} a class name */
export function tone(value) {
  const found = number(value);
  if (found === null || found === 0) return '';
  return found > 0 ? 'gain' : 'loss';
}
