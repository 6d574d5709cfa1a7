// @ts-check
/** What a position comes to where its stop fills exactly there, before costs. */

import { money, number } from './format.js';

/** Quote currency, below zero is lost; null where a number is missing. @param {any} position @returns {number | null} */
export function stopResult(position) {
  const stop = number(position.stop_loss);
  const entry = number(position.entry_price);
  const qty = number(position.qty);
  if (stop === null || entry === null || qty === null) return null;
  return (stop - entry) * qty * (position.direction === 'long' ? 1 : -1);
}

/** @param {number} result */
export function stopWords(result) {
  return result < 0 ? `costs ${money(-result)} USDT by price if hit` : `keeps ${money(result)} USDT by price if hit`;
}
