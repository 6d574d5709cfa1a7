// @ts-check
/** The five answers at the top of the first page. */

import { NONE, fixed, money, number, percent, price, score, span, tone } from '../ui/format.js';
import { icon } from '../ui/icons.js';
import { sideWord } from '../ui/parts.js';
import { chips, reasonsOf } from '../ui/breakdown.js';
import { stopResult, stopWords } from '../ui/stop_result.js';
import { dayTime, ms } from '../ui/times.js';
import { h } from '../ui/vdom.js';
import { baseOf, intervalName, modeWords, stateWords } from '../words.js';

/** @param {import('../data/store.js').Store} store */
export function glance(store) {
  const status = store.get('status');
  const positions = store.get('positions') && Object.values(store.get('positions'));
  return h('section', { class: 'glance card', 'aria-label': 'At a glance' },
    h('div', { class: 'glance-cells' },
      cell('Is it running?', status && running(status, store.get('link')), false),
      cell('What does it hold?', positions && holding(positions)),
      cell('Where is the stop?', positions && stops(positions)),
      status?.read_only ? cell('Money at the end', store.get('account') && atEnd(store.get('account'))) : cell('Earned today', store.get('account') && today(store.get('account')))),
    why(store, positions));
}

/** @param {string} label @param {any} content @param {boolean} [isLive] */
function cell(label, content, isLive = true) {
  return h('div', { key: label, class: `glance-cell ${isLive ? 'live' : ''}` }, h('h2', { class: 'label' }, label),
    content || [h('div', { class: 'skeleton', style: { width: '70%', height: '28px' } }), h('div', { class: 'skeleton', style: { width: '50%', height: '14px' } })]);
}

/** @param {any} value @param {any} note @param {string} [tone] */
function answer(value, note, tone = '') {
  return [h('p', { class: `glance-value ${tone}` }, value), h('p', { class: 'small muted' }, note)];
}

/** @param {any} status @param {any} link */
function running(status, link) {
  const state = stateWords(status);
  const mode = modeWords(status.mode, status);
  if (link && link.state !== 'live' && link.heard !== null) return answer([h('span', { class: 'dot bad' }), 'Not known'], `No connection. Last known: ${state.text.toLowerCase()}.`);
  const what = `${status.symbols.join(', ')}, ${intervalName(status.interval)} bars`;
  return [
    h('p', { class: 'glance-value' }, h('span', { class: `dot ${state.tone}` }), state.text),
    h('p', { class: 'small muted' }, `${state.why} · ${what}`),
    h('p', { class: 'tiny' }, h('span', { class: `badge ${mode.kind}` }, mode.text), ' ', h('span', { class: 'muted' }, mode.words)),
  ];
}

/** @param {any[]} positions */
function holding(positions) {
  if (!positions.length) return answer('Nothing', 'No position is open.');
  if (positions.length > 1) {
    const total = positions.reduce((sum, position) => sum + Number(position.unrealised_pnl), 0);
    return answer(`${positions.length} positions`, [positions.map((position) => `${position.symbol} ${position.direction}`).join(', '), ' · ', h('span', { class: tone(total) }, `${money(total, { signed: true })} USDT`), ' by price alone']);
  }
  const [position] = positions;
  return answer([sideWord(position.direction), ` ${price(position.qty)} ${baseOf(position.symbol)}`],
    [`at ${price(position.entry_price)}, now ${price(position.last_price)} · `, h('strong', { class: tone(position.unrealised_pnl) }, `${money(position.unrealised_pnl, { signed: true })} USDT`), ' by price alone']);
}

/** @param {any[]} positions */
function stops(positions) {
  if (!positions.length) return answer(NONE, 'Nothing is held, nothing to protect.');
  const bare = positions.filter((position) => !position.stop_loss);
  if (bare.length) return answer([icon('panic'), 'No stop'], `${bare.map((position) => position.symbol).join(', ')}: not confirmed yet`, 'loss glance-alarm');
  const result = positions.reduce((sum, position) => sum + (stopResult(position) ?? 0), 0);
  const [position] = positions;
  if (positions.length > 1) return answer('All have one', `All stops together: ${stopWords(result)}`);
  const away = number(position.distance_to_stop_pct) === null ? '' : `${fixed(Math.abs(position.distance_to_stop_pct), 2)} % away · `;
  return answer(price(position.stop_loss), `${away}${position.stop_moved ? 'trailed · ' : ''}${stopWords(result)}`);
}

/** @param {any} account */
function today(account) {
  const earned = number(account.day_pnl);
  const equity = number(account.equity);
  const share = earned !== null && equity !== null && equity !== earned ? ` (${percent(earned / (equity - earned), 2, true)})` : '';
  const since = !account.trades_closed ? '' : ` · ${account.trades_closed} ${account.trades_closed === 1 ? 'trade' : 'trades'} since the start`;
  return answer([`${money(account.day_pnl, { signed: true })}`, h('span', { class: 'unit' }, ' USDT')], `Equity ${money(account.equity)} USDT${share}${since}`, tone(account.day_pnl));
}

/** @param {any} account */
function atEnd(account) {
  return answer([money(account.equity), h('span', { class: 'unit' }, ' USDT')], h('a', { href: '/performance' }, 'What it earned, and how'));
}

/** @param {import('../data/store.js').Store} store @param {any[] | undefined} positions */
function why(store, positions) {
  if (!positions) return h('div', { key: 'why', class: 'why' }, h('div', { class: 'skeleton', style: { height: '20px', width: '60%' } }));
  if (positions.length) return positions.map((position) => whyHeld(position));
  const last = Object.values(store.get('trades') || {}).sort((a, b) => (ms(b.exit_time) ?? 0) - (ms(a.exit_time) ?? 0))[0];
  return h('div', { key: 'why', class: 'why live' }, h('h2', { class: 'label' }, 'Why is nothing held?'),
    h('p', {}, whyNot(store), last ? [h('span', { class: 'muted' }, ' Last trade: '), h('a', { class: 'last-trade', href: `/trades?trade=${encodeURIComponent(last.trade_id)}` }, last.words)] : null));
}

/** @param {any} position */
function whyHeld(position) {
  const { pro, contra } = reasonsOf(position.entry_breakdown || [], position.direction);
  const words = position.foreign
    ? 'Not opened by this daemon: found at the venue and protected.'
    : `${position.direction === 'long' ? 'Bought' : 'Sold short'} ${dayTime(position.opened)} (${span((position.age_s ?? 0) * 1000)} ago) at a score of ${score(position.entry_score)}.`;
  return h('div', { key: `why-${position.symbol}`, class: 'why live' }, h('h2', { class: 'label' }, `Why ${position.symbol}?`),
    h('p', {}, words),
    pro.length ? h('div', { class: 'reasons' }, h('span', { class: 'muted' }, 'For it'), chips(pro, 4)) : null,
    contra.length ? h('div', { class: 'reasons' }, h('span', { class: 'muted' }, 'Against'), chips(contra, 1)) : null);
}

/** @param {import('../data/store.js').Store} store */
function whyNot(store) {
  const status = store.get('status');
  const signals = Object.values(store.get('signals') || {});
  if (status?.read_only) return 'The run is over.';
  if (status?.manual_pause) return 'Paused by its owner.';
  if (status?.paused_until) return `Paused by a guardrail until ${dayTime(status.paused_until)}.`;
  if (status?.blocked_by?.length) return `No entries now: ${status.blocked_by.join('; ')}.`;
  const scored = signals.filter((signal) => signal.score !== null);
  if (!scored.length) return 'No bar has been scored yet.';
  const best = scored.sort((a, b) => Math.abs(b.score) / (b.threshold || 1) - Math.abs(a.score) / (a.threshold || 1))[0];
  return `The strongest score is ${score(best.score)} (${best.symbol}); an entry needs ±${fixed(best.threshold, 2)}.`;
}
