// @ts-check
/** A position on one line: stop to the left, target to the right, entry and price between, whichever the direction. */

import { NONE, fixed, money, number, price, tone } from './format.js';
import { h } from './vdom.js';

/** @typedef {{name: string, word: string, value: number, text: any}} Mark */

/** @param {any} position @returns {Mark[]} */
function marksOf(position) {
  const found = [
    ['stop', 'Stop', position.stop_loss],
    ['entry', 'Entry', position.entry_price],
    ['price', 'Price', position.last_price],
    ['target', 'Target', position.take_profit],
  ];
  return found.flatMap(([name, word, value]) => {
    const at = number(value);
    return at === null ? [] : [{ name: String(name), word: String(word), value: at, text: price(value) }];
  });
}

/** @param {any} position */
export function scale(position) {
  const marks = marksOf(position);
  const isLong = position.direction === 'long';
  const values = marks.map((mark) => mark.value);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const width = high - low || 1;
  /** @param {number} value @returns {number} percent from the left */
  const place = (value) => 3 + 94 * (isLong ? (value - low) / width : (high - value) / width);
  const words = marks.map((mark) => `${mark.word.toLowerCase()} ${mark.text}`).join(', ');
  return h('div', { class: 'scale' },
    h('div', { class: 'scale-track', role: 'img', 'aria-label': `${isLong ? 'Long' : 'Short'} position: ${words}` },
      filled(marks, place),
      marks.map((mark) => h('span', { key: mark.name, class: `scale-mark ${mark.name}`, style: { left: `${place(mark.value)}%` } }))),
    h('dl', { class: 'scale-facts' },
      cell('stop', 'Stop', position.stop_loss ? price(position.stop_loss) : 'None', position.stop_moved ? `trailed, ${away(position.distance_to_stop_pct)}` : away(position.distance_to_stop_pct)),
      cell('entry', 'Entry', price(position.entry_price), ''),
      cell('price', 'Price', price(position.last_price), h('span', { class: tone(position.unrealised_pnl) }, money(position.unrealised_pnl, { signed: true }))),
      cell('target', 'Target', position.take_profit ? price(position.take_profit) : 'None', away(position.distance_to_target_pct))));
}

/** @param {any} distance percent */
function away(distance) {
  return number(distance) === null ? '' : `${fixed(Math.abs(Number(distance)), 2)} % away`;
}

/** @param {Mark[]} marks @param {(value: number) => number} place */
function filled(marks, place) {
  const entry = marks.find((mark) => mark.name === 'entry');
  const now = marks.find((mark) => mark.name === 'price');
  if (!entry || !now) return null;
  const [from, to] = [place(entry.value), place(now.value)];
  return h('span', { key: 'fill', class: `scale-fill ${to >= from ? 'up' : 'down'}`, style: { left: `${Math.min(from, to)}%`, width: `${Math.abs(to - from)}%` } });
}

/** @param {string} name @param {string} word @param {any} value @param {any} note */
function cell(name, word, value, note) {
  return h('div', { class: 'scale-cell' }, h('dt', {}, h('span', { class: `scale-key ${name}` }), word), h('dd', {}, value ?? NONE), h('dd', { class: 'tiny muted' }, note || '\u00a0'));
}
