// @ts-check
/** One closed trade opened: why it was entered, how it ran, what it cost. */

import { breakdown } from '../ui/breakdown.js';
import { NONE, fixed, money, number, price, score } from '../ui/format.js';
import { facts } from '../ui/parts.js';
import { dateTime } from '../ui/times.js';
import { h } from '../ui/vdom.js';
import { baseOf } from '../words.js';

/** @param {any} trade */
export function tradeDetails(trade) {
  return h('div', { class: 'trade-details' },
    h('div', {}, h('h3', {}, 'Why it was entered'),
      trade.breakdown?.length
        ? [h('p', { class: 'small muted' }, `Score ${score(trade.entry_score)} on the bar before the entry.`), breakdown(trade.breakdown, 12)]
        : h('p', { class: 'small muted' }, trade.reconciled ? 'Rebuilt from the venue: the reason is not known.' : 'No reason was recorded.')),
    h('div', {}, h('h3', {}, 'How it ran'), h('p', { class: 'small muted' }, trade.words), facts([
      ['Entered', dateTime(trade.entry_time)],
      ['Ended', dateTime(trade.exit_time)],
      ['Size', `${price(trade.qty)} ${baseOf(trade.symbol)}`],
      ['First stop', price(trade.initial_stop)],
      ['Bars held', number(trade.bars_held) === null ? NONE : String(trade.bars_held)],
      ['Best moment', `${money(trade.mfe, { signed: true })} USDT`],
      ['Worst moment', `${money(-Number(trade.mae), { signed: true })} USDT`],
    ])),
    h('div', {}, h('h3', {}, 'What it came to'), h('p', { class: 'small muted' }, trade.reconciled ? 'Some numbers were rebuilt from the venue.' : `${fixed(trade.pnl_percent, 2, true)} % of the margin.`), facts([
      ['Before costs', `${money(trade.gross_pnl, { signed: true })} USDT`],
      ['Fees', `${money(-Number(trade.fees), { signed: true })} USDT`],
      ['Funding', `${money(-Number(trade.funding), { signed: true })} USDT`],
      ['Result', h('strong', {}, `${money(trade.pnl, { signed: true })} USDT`)],
      ['Trade', h('code', {}, trade.trade_id)],
    ])));
}
