// @ts-check
/** One symbol of a scan opened: its votes as bars, its levels, what happened to it; and the list of past signals. */

import { NONE, fixed, number, plain, price, score, tone } from '../ui/format.js';
import { badge, empty, facts, skeleton } from '../ui/parts.js';
import { dateTime, dayTime, exact } from '../ui/times.js';
import { h } from '../ui/vdom.js';
import { intervalName } from '../words.js';
import { failed } from './head.js';
import { signalWord } from './scanner_table.js';

/** @type {Record<string, string>} */
const RULES = {
  ema_alignment: 'EMA alignment',
  momentum: 'Momentum',
  volume_confirmation: 'Volume (OBV)',
  divergence: 'Divergence',
  stoch_rsi: 'Stochastic RSI',
  rsi: 'RSI',
  macd: 'MACD',
  bollinger_bands: 'Bollinger bands',
  bb_squeeze: 'Squeeze',
  vwap_bounce: 'VWAP',
  pivot_breakout: 'Pivot breakout',
};
/** @type {Record<string, string>} */
const EVENTS = { new: 'New', flip: 'Turned', upgrade: 'Stronger', repeat: 'Again', end: 'Ended' };

/** @param {import('../data/question.js').Question} question @param {any} run */
export function scanDetail(question, run) {
  const { data, error } = question;
  if (!data) return error ? failed(error, () => question.again()) : skeleton(6, 20);
  return h('div', { class: 'trade-details' }, h('div', {}, h('h3', {}, 'How the rules voted'), votes(data)),
    h('div', {}, h('h3', {}, 'What it comes to'), outcome(data, run)),
    h('div', {}, h('h3', {}, 'Its last signals'), data.events.length ? eventLines(data.events.slice(0, 8), false) : h('p', { class: 'small muted' }, 'None was kept yet.')));
}

/** @param {any} data */
function votes(data) {
  if (!data.votes.length) return h('p', { class: 'small muted' }, `Not judged yet: ${data.row.status}.`);
  const widest = Math.max(0.01, ...data.votes.map((/** @type {any} */ item) => item.weight));
  return h('ul', { class: 'breakdown scan-votes', 'aria-label': 'Votes' }, data.votes.map((/** @type {any} */ item) => {
    const value = (item.vote ?? 0) * item.weight;
    const word = item.vote === null ? 'not ready' : item.vote === 0 ? '0' : score(value);
    return h('li', { key: item.name, class: `breakdown-row ${item.vote ? '' : 'muted'}`, title: `weight ${fixed(item.weight, 2)}` },
      h('span', { class: 'breakdown-name' }, RULES[item.name] || plain(item.name)),
      h('span', { class: 'breakdown-track', 'aria-hidden': 'true' }, h('span', { class: `breakdown-bar ${value > 0 ? 'up' : 'down'}`, style: { width: `${(Math.abs(value) / widest) * 50}%` } })),
      h('span', { class: `breakdown-value ${tone(value)}` }, word));
  }));
}

/** @param {any} data @param {any} run */
function outcome(data, run) {
  const { row } = data;
  const isSignal = row.signal !== 'none';
  return [
    h('p', { class: 'small' }, isSignal ? [signalWord(row.signal), ` with ${String(row.confidence).toLowerCase()} confidence`] : `No signal: ${row.reason || `the score does not pass ${fixed(run.threshold, 2)}`}.`),
    facts([
      ['Score', h('strong', { class: tone(row.score) }, score(row.score))],
      ['Needed for a signal', `beyond ±${fixed(run.threshold, 2)}`],
      ['Entry', price(data.entry)],
      ['Stop', level(data.stop, data.entry)],
      ['Target', level(data.target, data.entry)],
      ['Reward to risk', ratio(data)],
      ...data.scores.map((/** @type {any} */ frame) => /** @type {[any, any]} */ ([`Score on ${intervalName(frame.interval)}`, score(frame.score)])),
      ['Weights', plain(row.weight_set)],
      ['Judged', dateTime(row.judged)],
    ]),
    row.rationale ? h('p', { class: 'tiny muted scan-rationale' }, row.rationale) : null,
    data.notes.length ? h('p', { class: 'tiny muted' }, data.notes.join('; ')) : null,
  ];
}

/** @param {any} value @param {any} entry */
function level(value, entry) {
  const [at, from] = [number(value), number(entry)];
  if (at === null || !from) return NONE;
  return [price(value), h('span', { class: 'muted' }, ` (${fixed(((at - from) / from) * 100, 2, true)} %)`)];
}

/** @param {any} data */
function ratio(data) {
  const [entry, stop, target] = [number(data.entry), number(data.stop), number(data.target)];
  if (entry === null || stop === null || target === null || entry === stop) return NONE;
  return fixed(Math.abs(target - entry) / Math.abs(entry - stop), 2);
}

/** @param {any[]} events newest first */
export function scanEvents(events) {
  if (!events.length) return empty('No signal yet', 'What happens to signals is kept here: new ones, turned ones, stronger ones, and their end.', 'clock');
  return eventLines(events, true);
}

/** @param {any[]} events @param {boolean} isNamed */
function eventLines(events, isNamed) {
  return h('ol', { class: `scan-events ${isNamed ? 'named' : ''}` }, events.map((event) => h('li', { key: event.id, title: event.rationale },
    h('time', { datetime: event.time, title: exact(event.time), class: 'muted' }, dayTime(event.time)),
    isNamed ? h('strong', {}, event.symbol) : null,
    badge('', EVENTS[event.event] || plain(event.event)),
    signalWord(event.signal),
    h('span', { class: `num ${tone(event.score)}` }, score(event.score)),
    isNamed ? h('span', { class: 'muted scan-levels' }, event.stop_loss === null ? `at ${price(event.entry_price)}` : `${price(event.entry_price)} · stop ${price(event.stop_loss)} · target ${price(event.take_profit)}`) : null)));
}
