// @ts-check
/** Everything held, each position on its scale, and the orders on their way. */

import { NONE, fixed, money, number, plain, price, tone } from '../ui/format.js';
import { badge, card, empty, sideWord, skeleton, stat, table } from '../ui/parts.js';
import { positionCard } from '../ui/position_card.js';
import { clock } from '../ui/times.js';
import { h, render } from '../ui/vdom.js';
import { chips, reasonsOf } from '../ui/breakdown.js';
import { paidWords } from '../words.js';
import { head } from './head.js';

/** @param {HTMLElement} element @param {any} context */
export function open(element, context) {
  const update = () => draw(element, context.store);
  update();
  return { update };
}

/** @param {HTMLElement} element @param {import('../data/store.js').Store} store */
function draw(element, store) {
  const positions = store.get('positions') && Object.values(store.get('positions'));
  const account = store.get('account');
  render(element, head('Positions', 'What is open, where it ends, what it risks.'),
    h('div', { class: 'stack live' }, account ? sums(account, positions || []) : h('div', { class: 'skeleton', style: { height: '84px' } }),
      held(positions), card('Orders', orders(store.get('orders')), { bare: true, note: 'on their way, and the last ones of this run', key: 'orders' })));
}

/** @param {any} account @param {any[]} positions */
function sums(account, positions) {
  const open = positions.reduce((sum, position) => sum + Number(position.unrealised_pnl), 0);
  return h('div', { class: 'stats', key: 'sums' },
    stat('Open result', `${money(open, { signed: true })}`, `USDT, by price alone${positions.length ? `; ${paidWords(positions)}` : ''}`, tone(open)),
    stat(Number(account.open_risk) < 0 ? 'Kept if every stop is hit' : 'Lost if every stop is hit', number(account.open_risk) === null ? NONE : money(Math.abs(Number(account.open_risk))), number(account.open_risk_pct) === null ? 'a position has no stop' : `USDT by price, ${fixed(Math.abs(account.open_risk_pct), 2)} % of equity`),
    stat('Exposure', money(account.exposure), 'USDT'),
    stat('Equity', money(account.equity), `of it free ${money(account.available_balance)}`));
}

/** @param {any[] | undefined} positions */
function held(positions) {
  if (!positions) return card('', skeleton(5, 26));
  if (!positions.length) return card('', empty('Nothing is held', 'When a signal passes every guardrail, the position shows here with its stop and target.', 'positions'), { key: 'none' });
  return positions.map((position) => [positionCard(position, true), reasons(position)]);
}

/** @param {any} position */
function reasons(position) {
  const { pro, contra } = reasonsOf(position.entry_breakdown || [], position.direction);
  if (!pro.length) return null;
  return card(`Why ${position.symbol} was entered`, [h('p', { class: 'small' }, position.entry_words),
    h('div', { class: 'reasons spaced' }, h('span', { class: 'muted small' }, 'For it'), chips(pro)),
    contra.length ? h('div', { class: 'reasons spaced' }, h('span', { class: 'muted small' }, 'Against'), chips(contra)) : null], { key: `why-${position.symbol}` });
}

/** @type {Record<string, string>} */
const TONES = { filled: 'good', rejected: 'bad', unknown: 'warn', in_flight: 'warn' };

/** @param {Record<string, any> | undefined} byId */
function orders(byId) {
  if (!byId) return h('div', { class: 'card-body' }, skeleton(4));
  const rows = Object.values(byId).sort((a, b) => String(b.created ?? b.updated).localeCompare(String(a.created ?? a.updated)));
  if (!rows.length) return empty('No orders yet', 'Orders of this run are listed here, newest first.', 'clock');
  return table('Orders', [
    { name: 'Time', cell: (row) => clock(row.created ?? row.updated) },
    { name: 'Symbol', cell: (row) => h('strong', {}, row.symbol) },
    { name: 'Order', cell: whatOrdered },
    { name: 'Size', num: true, cell: (row) => price(row.qty) },
    { name: 'Average', num: true, cell: (row) => price(row.average_price) },
    { name: 'Fee', num: true, cell: (row) => money(row.fee) },
    { name: 'Status', cell: (row) => [badge(TONES[row.status] || '', plain(row.status)), row.detail ? h('span', { class: 'tiny muted block' }, row.detail) : null] },
  ], rows.slice(0, 60), { key: (row) => row.order_link_id });
}

/** An entry has a direction; an exit only buys or sells. @param {any} row */
function whatOrdered(row) {
  if (row.purpose === 'entry' && row.side) return [sideWord(row.side === 'Buy' ? 'long' : 'short'), ' entry'];
  return `${row.side ?? ''} ${plain(row.purpose)}`.trim();
}
