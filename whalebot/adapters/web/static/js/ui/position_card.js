// @ts-check
/** One open position: its scale and what matters about it. */

import { NONE, fixed, money, number, price, span, tone } from './format.js';
import { badge, card, facts, sideWord } from './parts.js';
import { scale } from './scale.js';
import { stopResult } from './stop_result.js';
import { dateTime } from './times.js';
import { h } from './vdom.js';
import { baseOf, paidWords } from '../words.js';

/** @param {any} position @param {boolean} [isFull] with everything known of it */
export function positionCard(position, isFull = false) {
  const right = [
    position.foreign ? badge('warn', 'Not ours') : null,
    position.stop_loss ? null : badge('bad', 'No stop', 'panic'),
    h('span', {}, h('strong', { class: `position-pnl ${tone(position.unrealised_pnl)}` }, `${money(position.unrealised_pnl, { signed: true })} USDT`), h('span', { class: 'tiny muted' }, ' by price alone')),
  ];
  return card([sideWord(position.direction), ` ${position.symbol}`], [scale(position), isFull ? full(position) : short(position)], {
    right, key: `position-${position.symbol}`, label: `Position ${position.symbol}`, class: 'position',
  });
}

/** @param {any} position */
function short(position) {
  const r = number(position.unrealised_r);
  return h('p', { class: 'tiny muted position-note' }, `${price(position.qty)} ${baseOf(position.symbol)} · ${money(position.value)} USDT · ${span((position.age_s ?? 0) * 1000)} · ${r === null ? 'R not known' : `${fixed(r, 2, true)} R`} by price · ${paidWords([position])}`);
}

/** @param {any} position */
function full(position) {
  const r = number(position.unrealised_r);
  return h('div', { class: 'position-facts' }, facts([
    ['Size', `${price(position.qty)} ${baseOf(position.symbol)}`],
    ['Value', `${money(position.value)} USDT`],
    ['Leverage', number(position.leverage) === null ? NONE : `${price(position.leverage)}×`],
    ['Result in R, by price', r === null ? NONE : h('span', { class: tone(r) }, `${fixed(r, 2, true)} R`)],
    atStop(position),
  ]), facts([
    ['Opened', dateTime(position.opened)],
    ['Held', `${span((position.age_s ?? 0) * 1000)}${position.bars_held === null ? '' : `, ${position.bars_held} bars`}`],
    ['First stop', price(position.initial_stop)],
    ['Best price', price(position.best_price)],
    ['Mark price', price(position.mark_price)],
  ]), facts([
    ['Fees so far', `${money(position.fees)} USDT`],
    ['Funding so far', `${money(position.funding)} USDT`],
    ['Liquidation', position.liquidation_price ? `${price(position.liquidation_price)}` : NONE],
    ['to liquidation', number(position.distance_to_liquidation_pct) === null ? NONE : `${fixed(position.distance_to_liquidation_pct, 1)} %`],
    ['Entry score', fixed(position.entry_score, 2, true)],
  ]));
}

/** @param {any} position @returns {[string, string]} */
function atStop(position) {
  const result = stopResult(position);
  if (result === null) return ['If the stop is hit', NONE];
  return [result < 0 ? 'Lost if the stop is hit' : 'Kept if the stop is hit', `${money(Math.abs(result))} USDT by price`];
}
