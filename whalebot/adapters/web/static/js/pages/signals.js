// @ts-check
/** What every symbol's last bar says, and why it is not (yet) an entry. */

import { breakdown, gauge } from '../ui/breakdown.js';
import { fixed, milliseconds, price, score, tone } from '../ui/format.js';
import { icon } from '../ui/icons.js';
import { badge, card, empty, facts, skeleton } from '../ui/parts.js';
import { dateTime } from '../ui/times.js';
import { h, render } from '../ui/vdom.js';
import { groupName, intervalName } from '../words.js';
import { head } from './head.js';

/** @param {HTMLElement} element @param {any} context */
export function open(element, context) {
  const update = () => draw(element, context.store);
  update();
  return { update };
}

/** @param {HTMLElement} element @param {import('../data/store.js').Store} store */
function draw(element, store) {
  const signals = store.get('signals') && Object.values(store.get('signals'));
  render(element, head('Signals', 'Every closed bar is scored; a score beyond its threshold asks for an entry, the guardrails decide.'), h('div', { class: 'stack live' }, inside(signals)));
}

/** @param {any[] | undefined} signals */
function inside(signals) {
  if (!signals) return card('', skeleton(10, 22));
  if (!signals.length) return card('', empty('No symbols', 'Nothing is analysed in this folder.', 'signals'));
  return signals.map(signalCard);
}

/** @param {any} signal */
function signalCard(signal) {
  const isScored = signal.score !== null;
  return card(signal.symbol, h('div', { class: 'signal-grid' },
    h('div', { class: 'signal-left' },
      isScored ? [h('div', { class: 'score-head' }, h('span', { class: `score-value ${tone(signal.score)}` }, score(signal.score)), signalBadge(signal)), gauge(signal.score, signal.threshold)] : empty('Not scored yet', warming(signal), 'clock'),
      signal.words ? h('p', { class: 'small' }, signal.words) : null,
      trends(signal.trends || []),
      facts([
        ['Bar closed', dateTime(signal.time)],
        ['Price', price(signal.last_price)],
        ['Age of the price', [milliseconds(signal.ticker_age_ms), ' ', signal.stale ? badge('warn', 'old') : null]],
        ['Spread', signal.spread_bps === null ? '–' : `${fixed(signal.spread_bps, 2)} bps`],
        ['Order book', signal.book_stale ? badge('warn', 'old') : 'fresh'],
        ['Average true range', signal.atr ? fixed(signal.atr, signal.atr < 1 ? 5 : 2) : '–'],
      ])),
    h('div', {}, h('h3', { class: 'label signal-parts' }, 'What makes the score'), signal.breakdown?.length ? breakdown(signal.breakdown) : empty('Nothing yet', warming(signal), 'clock'))),
  { key: signal.symbol, right: [signal.position ? badge(signal.position === 'long' ? 'good' : 'bad', `holds ${signal.position}`) : null, signal.may_enter ? null : badge('warn', 'no entries yet')] });
}

/** @param {any} signal */
function signalBadge(signal) {
  const word = String(signal.signal || 'HOLD');
  const isBuy = word.includes('BUY');
  const isSell = word.includes('SELL');
  return badge(isBuy ? 'good' : isSell ? 'bad' : '', word, isBuy ? 'up' : isSell ? 'down' : 'flat');
}

/** @param {any} signal */
function warming(signal) {
  return signal.warming?.length ? `Still warming up: ${signal.warming.map(groupName).join(', ')}.` : 'The first closed bar brings the score.';
}

/** @param {any[]} trends */
function trends(trends) {
  if (!trends.length) return null;
  return h('ul', { class: 'chips spaced', 'aria-label': 'Higher timeframes' }, trends.map((item) => {
    const word = String(item.trend).toUpperCase();
    const way = word.startsWith('UP') || word.startsWith('BULL') ? 'up' : word.startsWith('DOWN') || word.startsWith('BEAR') ? 'down' : 'flat';
    return h('li', { key: `${item.interval} ${item.indicator}`, class: `chip trend ${way === 'up' ? 'gain' : way === 'down' ? 'loss' : 'muted'}` }, icon(way), `${intervalName(item.interval)} ${String(item.indicator).replaceAll('_', ' ')} ${word.toLowerCase()}`);
  }));
}
