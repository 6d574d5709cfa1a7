// @ts-check
/** The last closed trades, a line each. */

import { NONE, fixed, money, number, tone } from './format.js';
import { empty, sideWord } from './parts.js';
import { dayTime, ms } from './times.js';
import { h } from './vdom.js';
import { closedBy } from '../words.js';

/** @param {Record<string, any>} byId @param {number} most */
export function tradeList(byId, most) {
  const trades = Object.values(byId).sort((a, b) => (ms(b.exit_time) ?? 0) - (ms(a.exit_time) ?? 0)).slice(0, most);
  if (!trades.length) return empty('No closed trade yet', 'A trade shows here when its position is flat again.', 'file');
  return h('ul', { class: 'trade-list' }, trades.map((trade) => h('li', { key: trade.trade_id },
    h('a', { class: 'trade-line', href: `/trades?trade=${encodeURIComponent(trade.trade_id)}` },
      h('span', {}, sideWord(trade.direction), ` ${trade.symbol}`),
      h('span', { class: 'muted' }, closedBy(trade.closed_by)),
      h('span', { class: 'muted' }, dayTime(trade.exit_time)),
      h('span', { class: `num ${tone(trade.r_multiple)}` }, number(trade.r_multiple) === null ? NONE : `${fixed(trade.r_multiple, 2, true)} R`),
      h('strong', { class: `num ${tone(trade.pnl)}` }, money(trade.pnl, { signed: true }))))));
}
