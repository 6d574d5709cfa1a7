// @ts-check
/** The ranking of a scan: its columns, order, filter, and the row that is open. */

import { NONE, fixed, number, plain, price, score, tone } from '../ui/format.js';
import { icon } from '../ui/icons.js';
import { sideWord } from '../ui/parts.js';
import { h } from '../ui/vdom.js';

/** @typedef {{key: string, title: string, long?: string, up?: boolean, num?: boolean, cell: (row: any) => any}} Column */

const CONFIDENCES = ['Low', 'Medium', 'High'];

/** @param {any} value @param {number} places */
const signed = (value, places) => h('span', { class: tone(value) }, fixed(value, places, true));

/** @type {Column[]} `up`: the order that the first click gives */
export const COLUMNS = [
  { key: 'rank', title: '#', long: 'Rank', up: true, num: true, cell: (row) => String(row.rank) },
  { key: 'symbol', title: 'Symbol', up: true, cell: (row) => h('strong', {}, row.symbol) },
  { key: 'signal', title: 'Signal', up: true, cell: (row) => signalWord(row.signal) },
  { key: 'score', title: 'Score', num: true, cell: (row) => h('span', { class: tone(row.score) }, score(row.score)) },
  { key: 'confidence', title: 'Confidence', cell: (row) => row.confidence ?? NONE },
  { key: 'price', title: 'Price', num: true, cell: (row) => price(row.price) },
  { key: 'change24h', title: '24h %', num: true, cell: (row) => signed(row.change24h, 2) },
  { key: 'agreement', title: 'Agree', long: 'Agreement', num: true, cell: (row) => fixed(row.agreement, 2) },
  { key: 'age', title: 'Age', long: 'Age in bars', num: true, cell: (row) => (row.age === null ? NONE : `${row.age}`) },
  { key: 'rsi', title: 'RSI', num: true, cell: (row) => fixed(row.rsi, 1) },
  { key: 'natr', title: 'NATR %', num: true, cell: (row) => fixed(row.natr, 2) },
  { key: 'relative_volume', title: 'Rel. vol.', long: 'Relative volume', num: true, cell: (row) => fixed(row.relative_volume, 2) },
  { key: 'spread_bps', title: 'Spread', long: 'Spread in bps', num: true, cell: (row) => fixed(row.spread_bps, 2) },
  { key: 'imbalance', title: 'Book', long: 'Imbalance of the book', num: true, cell: (row) => signed(row.imbalance, 2) },
  { key: 'turnover24h', title: 'Turnover', long: 'Turnover of 24 h', num: true, cell: (row) => amount(row.turnover24h) },
  { key: 'oi_change1h', title: 'OI 1h %', long: 'Open interest, 1 h', num: true, cell: (row) => signed(row.oi_change1h, 2) },
  { key: 'funding', title: 'Fund. %', long: 'Funding', num: true, cell: (row) => signed(row.funding, 4) },
  { key: 'status', title: 'Status', cell: (row) => statusWord(row.status) },
];

/** @param {any} signal */
export function signalWord(signal) {
  return signal === 'none' ? h('span', { class: 'muted' }, 'None') : sideWord(String(signal).toLowerCase());
}

/** @param {any} status */
function statusWord(status) {
  const isLive = status === 'live';
  return h('span', { class: `scan-status ${isLive ? 'muted' : 'warn-text'}` }, isLive ? null : icon('clock'), plain(status));
}

/** @param {any} value */
function amount(value) {
  const found = number(value);
  if (found === null) return NONE;
  const [size, letter] = found >= 1e9 ? [1e9, 'B'] : found >= 1e6 ? [1e6, 'M'] : found >= 1e3 ? [1e3, 'k'] : [1, ''];
  return `${fixed(found / size, 1)}${letter}`;
}

/** @param {any[]} rows @param {{text: string, signal: string, confidence: string}} filter */
export function filtered(rows, filter) {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const least = CONFIDENCES.indexOf(filter.confidence);
  return rows.filter((row) => {
    const text = `${row.symbol} ${row.signal} ${row.confidence ?? ''} ${row.status}`.toLowerCase();
    const fitsSignal = !filter.signal || (filter.signal === 'any' ? row.signal !== 'none' : row.signal === filter.signal);
    return fitsSignal && (least < 0 || CONFIDENCES.indexOf(row.confidence) >= least) && words.every((word) => text.includes(word));
  });
}

/** Unknown is last in both directions; equal rows keep their rank. @param {any[]} rows @param {{key: string, up: boolean}} sort */
export function sorted(rows, sort) {
  const known = rows.filter((row) => valueOf(row, sort.key) !== null);
  const unknown = rows.filter((row) => valueOf(row, sort.key) === null);
  known.sort((a, b) => (sort.up ? 1 : -1) * compare(valueOf(a, sort.key), valueOf(b, sort.key)) || a.rank - b.rank);
  return [...known, ...unknown];
}

/** @param {any} row @param {string} key */
function valueOf(row, key) {
  const value = row[key];
  if (value === null || value === undefined) return null;
  if (key === 'price') return Number(value);
  if (key === 'confidence') return CONFIDENCES.indexOf(value);
  if (key === 'signal') return ['Long', 'Short', 'none'].indexOf(value);
  return value;
}

/** @param {any} a @param {any} b */
function compare(a, b) {
  return typeof a === 'number' ? a - b : String(a).localeCompare(String(b));
}

/**
 * @param {any[]} rows @param {{key: string, up: boolean}} sort @param {(key: string) => void} order
 * @param {string} opened @param {(symbol: string) => void} toggle @param {() => any} detail
 */
export function scanTable(rows, sort, order, opened, toggle, detail) {
  return h('div', { class: 'table-wrap', key: 'table' }, h('table', { class: 'table cards scan-table', 'aria-label': 'Ranking' },
    h('thead', {}, h('tr', {}, COLUMNS.map((column) => heading(column, sort, order)), h('th', { key: 'open', scope: 'col' }, h('span', { class: 'sr-only' }, 'Open')))),
    h('tbody', {}, rows.flatMap((row) => [line(row, row.symbol === opened, toggle),
      row.symbol === opened ? h('tr', { key: `${row.symbol} more`, class: 'trade-more' }, h('td', { colspan: String(COLUMNS.length + 1) }, detail())) : null]))));
}

/** @param {Column} column @param {{key: string, up: boolean}} sort @param {(key: string) => void} order */
function heading(column, sort, order) {
  const isTaken = column.key === sort.key;
  return h('th', { key: column.key, scope: 'col', class: column.num ? 'num' : '', 'aria-sort': isTaken ? (sort.up ? 'ascending' : 'descending') : null },
    h('button', { type: 'button', class: 'sort', title: column.long || column.title, on: { click: () => order(column.key) } }, column.title, isTaken ? icon(sort.up ? 'up' : 'down') : null));
}

/** @param {any} row @param {boolean} isOpen @param {(symbol: string) => void} toggle */
function line(row, isOpen, toggle) {
  return h('tr', { key: row.symbol, class: `hover trade-row scan-row ${row.signal === 'none' ? 'is-idle' : ''}`, on: { click: () => toggle(row.symbol) } },
    COLUMNS.map((column) => h('td', { key: column.key, class: column.num ? 'num' : '', 'data-label': column.title }, h('span', {}, column.cell(row)))),
    h('td', { key: 'open', class: 'row-open' }, h('button', { type: 'button', class: `button quiet icon chevron ${isOpen ? 'open' : ''}`, 'aria-expanded': String(isOpen), 'aria-label': `Votes and levels of ${row.symbol}`, on: { click: (event) => { event.stopPropagation(); toggle(row.symbol); } } }, icon('chevron'))));
}
