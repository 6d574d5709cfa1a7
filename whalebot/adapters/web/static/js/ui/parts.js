// @ts-check
/** Small parts that several pages show. */

import { icon } from './icons.js';
import { h } from './vdom.js';

/** @typedef {import('./vdom.js').VNode} VNode */

/**
 * A card with a heading. @param {any} title @param {any} body
 * @param {{right?: any, note?: any, bare?: boolean, class?: string, key?: any, label?: string}} [how]
 * @returns {VNode}
 */
export function card(title, body, how = {}) {
  const label = how.label || (typeof title === 'string' ? title : undefined);
  return h('section', { class: `card ${how.class || ''}`, key: how.key, 'aria-label': label },
    title ? h('div', { class: 'card-head' }, h('h2', {}, title), how.note ? h('span', { class: 'card-note' }, how.note) : null, how.right ? h('div', { class: 'right' }, how.right) : null) : null,
    how.bare ? body : h('div', { class: 'card-body' }, body));
}

/** @param {string} title @param {string} text @param {string} [sign] @param {any} [action] @returns {VNode} */
export function empty(title, text, sign = 'info', action = null) {
  return h('div', { class: 'empty' }, icon(sign), h('strong', {}, title), h('p', {}, text), action);
}

/** Grey lines where something is about to be. @param {number} count @param {number} [height] @returns {VNode} */
export function skeleton(count, height = 18) {
  return h('div', { class: 'lines', 'aria-hidden': 'true' },
    Array.from({ length: count }, (_, at) => h('div', { class: 'skeleton', style: { height: `${height}px`, width: `${at % 3 === 2 ? 70 : 100}%` } })));
}

/** @param {string} label @param {any} value @param {any} [note] @param {string} [tone] @returns {VNode} */
export function stat(label, value, note = null, tone = '') {
  return h('div', { class: 'stat' }, h('span', { class: 'label' }, label), h('span', { class: `stat-value ${tone}` }, value), note ? h('span', { class: 'tiny muted' }, note) : null);
}

/** @param {[any, any][]} pairs @returns {VNode} */
export function facts(pairs) {
  return h('dl', { class: 'facts' }, pairs.map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
}

/** Long or short by word, arrow and colour. @param {'long' | 'short' | string} direction @returns {VNode} */
export function sideWord(direction) {
  const isLong = direction === 'long';
  return h('span', { class: `side-word ${isLong ? 'gain' : 'loss'}` }, icon(isLong ? 'up' : 'down'), isLong ? 'Long' : 'Short');
}

/** @param {string} tone @param {any} text @param {string} [sign] @returns {VNode} */
export function badge(tone, text, sign = '') {
  return h('span', { class: `badge ${tone}` }, sign ? icon(sign) : null, text);
}

/**
 * Choices of which one is taken. @param {string} label @param {[string, string][]} choices
 * @param {string} chosen @param {(value: string) => void} choose @returns {VNode}
 */
export function segments(label, choices, chosen, choose) {
  return h('div', { class: 'segments', role: 'group', 'aria-label': label },
    choices.map(([value, text]) => h('button', { key: value, type: 'button', class: 'segment', 'aria-pressed': String(value === chosen), on: { click: () => choose(value) } }, text)));
}

/**
 * A table that becomes a list on a phone. @param {string} label
 * @param {{name: string, num?: boolean, cell: (row: any) => any}[]} columns @param {any[]} rows
 * @param {{key: (row: any) => any, onRow?: (row: any) => void, rowLabel?: (row: any) => string}} how @returns {VNode}
 */
export function table(label, columns, rows, how) {
  return h('div', { class: 'table-wrap' },
    h('table', { class: 'table cards', 'aria-label': label },
      h('thead', {}, h('tr', {}, columns.map((column) => h('th', { scope: 'col', class: column.num ? 'num' : '' }, column.name)))),
      h('tbody', {}, rows.map((row) => h('tr', { key: how.key(row), class: how.onRow ? 'hover' : '' },
        columns.map((column) => h('td', { class: column.num ? 'num' : '', 'data-label': column.name || null }, h('span', {}, column.cell(row)))))))));
}
