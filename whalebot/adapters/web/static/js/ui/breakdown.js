// @ts-check
/** A score taken apart: its contributions as bars to both sides, largest first, and where it stands to its threshold. */

import { FAMILIES, familyOf, groupName } from '../words.js';
import { fixed, number, score, tone } from './format.js';
import { h } from './vdom.js';

/** @typedef {{name: string, value: number | null}} Part */

/** @param {Part[]} parts @returns {{name: string, value: number}[]} those that say something, largest first */
export function telling(parts) {
  const found = /** @type {{name: string, value: number}[]} */ (parts.filter((part) => part.value));
  return found.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
}

/**
 * The parts that spoke for an entry, largest first, and those against it.
 * @param {Part[]} parts @param {string} direction long or short
 */
export function reasonsOf(parts, direction) {
  const way = direction === 'long' ? 1 : -1;
  const all = telling([...parts]);
  return { pro: all.filter((part) => part.value * way > 0), contra: all.filter((part) => part.value * way < 0) };
}

/** Parts as small labels. @param {{name: string, value: number}[]} parts @param {number} [most] */
export function chips(parts, most = 99) {
  return h('ul', { class: 'chips' }, parts.slice(0, most).map((part) => h('li', { key: part.name, class: 'chip' }, groupName(part.name), ' ', h('strong', { class: tone(part.value) }, score(part.value)))));
}

/** @param {Part[]} parts @param {number} [most] */
export function breakdown(parts, most = 99) {
  const all = telling([...parts]);
  const shown = all.slice(0, most);
  const widest = Math.max(0.01, ...shown.map((part) => Math.abs(part.value)));
  const rest = all.slice(most).reduce((sum, part) => sum + part.value, 0);
  return h('ul', { class: 'breakdown' }, shown.map((part) => row(part, widest)),
    all.length > most ? h('li', { key: 'rest', class: 'breakdown-row muted' }, h('span', { class: 'breakdown-name' }, `${all.length - most} more`), h('span', {}), h('span', { class: 'breakdown-value' }, score(rest))) : null);
}

/** @param {{name: string, value: number}} part @param {number} widest */
function row(part, widest) {
  const share = (Math.abs(part.value) / widest) * 50;
  return h('li', { key: part.name, class: 'breakdown-row' },
    h('span', { class: 'breakdown-name' }, h('span', { class: `family ${familyOf(part.name)}`, 'aria-hidden': 'true' }), groupName(part.name)),
    h('span', { class: 'breakdown-track', 'aria-hidden': 'true' }, h('span', { class: `breakdown-bar ${part.value > 0 ? 'up' : 'down'}`, style: { width: `${share}%` } })),
    h('span', { class: `breakdown-value ${tone(part.value)}` }, score(part.value)));
}

/** What the colours of the families mean. */
export function familyKey() {
  return h('ul', { class: 'family-key', 'aria-label': 'Parts of the score' }, FAMILIES.map(([name, word]) => h('li', { key: name }, h('span', { class: `family ${name}` }), word)));
}

/** Where the score stands between sell and buy. @param {any} value @param {any} threshold */
export function gauge(value, threshold) {
  const at = number(value);
  const needed = number(threshold) || 2;
  const end = needed * 1.75;
  /** @param {number} score */
  const place = (score) => 50 + (Math.max(-end, Math.min(end, score)) / end) * 50;
  const words = at === null ? 'no score yet' : `score ${score(at)}, ${fixed(needed, 2)} needed to enter`;
  return h('div', { class: 'gauge', role: 'img', 'aria-label': words },
    h('span', { class: 'gauge-zone sell', style: { width: `${place(-needed)}%` } }),
    h('span', { class: 'gauge-zone buy', style: { width: `${100 - place(needed)}%` } }),
    at === null ? null : h('span', { key: 'now', class: `gauge-mark ${tone(at)}`, style: { left: `${place(at)}%` } }),
    h('span', { class: 'gauge-word sell' }, `sell ≤ ${fixed(-needed, 2)}`), h('span', { class: 'gauge-word zero' }, '0'), h('span', { class: 'gauge-word buy' }, `buy ≥ ${fixed(needed, 2)}`));
}
