// @ts-check
/** The machine's words in people's words. */

import { money, plain } from './ui/format.js';

/** @type {Record<string, [string, string]>} name of a scoring group: what it is called, its family */
const GROUPS = {
  ema_alignment: ['EMA alignment', 'trend'],
  sma_trend_filter: ['SMA trend', 'trend'],
  sma_10: ['SMA 10', 'trend'],
  psar: ['Parabolic SAR', 'trend'],
  ehlers_supertrend_alignment: ['Supertrend', 'trend'],
  macd_alignment: ['MACD', 'trend'],
  adx_strength: ['ADX strength', 'trend'],
  ichimoku_confluence: ['Ichimoku', 'trend'],
  kaufman_ama_cross: ['Kaufman average', 'trend'],
  dema_crossover: ['DEMA cross', 'trend'],
  vwma_cross: ['VWMA cross', 'trend'],
  momentum_rsi_stoch_cci_wr_mfi: ['Oscillators', 'momentum'],
  roc_signal: ['Rate of change', 'momentum'],
  bollinger_bands: ['Bollinger bands', 'momentum'],
  vwap: ['VWAP', 'volume'],
  obv_momentum: ['On-balance volume', 'volume'],
  cmf_flow: ['Money flow', 'volume'],
  volume_delta_signal: ['Volume delta', 'volume'],
  relative_volume_confirmation: ['Relative volume', 'volume'],
  Volume_Confirmation_Filter: ['Volume filter', 'volume'],
  fibonacci_levels: ['Fibonacci levels', 'structure'],
  market_structure_confluence: ['Market structure', 'structure'],
  keltner_breakout: ['Keltner breakout', 'structure'],
  volatility_index_signal: ['Volatility', 'structure'],
  mtf_trend_confluence: ['Higher timeframes', 'higher'],
  orderbook_imbalance: ['Order book', 'book'],
};

/** @type {[string, string][]} */
export const FAMILIES = [
  ['trend', 'Trend'],
  ['momentum', 'Momentum'],
  ['volume', 'Volume'],
  ['structure', 'Structure'],
  ['higher', 'Higher timeframes'],
  ['book', 'Order book'],
];

/** @param {string} name */
export function groupName(name) {
  return GROUPS[name]?.[0] ?? plain(name);
}

/** @param {string} name */
export function familyOf(name) {
  return GROUPS[name]?.[1] ?? 'structure';
}

/** @param {any} interval the venue's word: minutes, or D, W, M */
export function intervalName(interval) {
  const minutes = Number(interval);
  if (!Number.isFinite(minutes)) return { D: '1d', W: '1w', M: '1M' }[String(interval)] ?? plain(interval);
  return minutes % 60 === 0 && minutes ? `${minutes / 60}h` : `${minutes}m`;
}

/** @param {any} interval @returns {number} ms of one bar */
export function intervalMs(interval) {
  const minutes = Number(interval);
  if (Number.isFinite(minutes)) return minutes * 60000;
  return { D: 86400000, W: 604800000, M: 2592000000 }[String(interval)] ?? 60000;
}

/** @param {string} mode @param {any} status @returns {{text: string, kind: string, words: string}} */
export function modeWords(mode, status) {
  if (status?.kind === 'backtest') return { text: 'BACKTEST', kind: 'simulated', words: 'A finished backtest, read only' };
  const ended = status?.kind === 'folder' ? ', of a daemon that is stopped' : '';
  switch (mode) {
    case 'live':
      return { text: 'LIVE', kind: 'live-money', words: `Real money at Bybit${ended}` };
    case 'demo':
      return { text: 'DEMO', kind: 'simulated', words: `${status?.simulated_prices === false ? 'Played prices' : 'Simulated prices'}, no real money${ended}` };
    case 'replay':
      return { text: 'REPLAY', kind: 'simulated', words: `Recorded prices, no real money${ended}` };
    case 'paper':
      return { text: 'PAPER', kind: 'simulated', words: `Real prices, simulated orders, no real money${ended}` };
    case 'testnet':
      return { text: 'TESTNET', kind: 'simulated', words: `Bybit testnet, no real money${ended}` };
    case 'bybit-demo':
      return { text: 'BYBIT DEMO', kind: 'simulated', words: `A demo account at Bybit, no real money${ended}` };
    default:
      return { text: plain(mode).toUpperCase(), kind: '', words: ended };
  }
}

/** @param {any} status @returns {{text: string, tone: string, why: string}} what the daemon is doing */
export function stateWords(status) {
  const blocked = (status?.blocked_by || []).join('; ');
  switch (status?.state) {
    case 'trading':
      return { text: 'Running', tone: 'good', why: 'Entries allowed' };
    case 'paused':
      return status.manual_pause
        ? { text: 'Paused', tone: 'warn', why: 'By its owner: no new entries until resumed' }
        : { text: 'Paused', tone: 'warn', why: blocked || 'By a guardrail' };
    case 'blocked':
      return { text: 'Running, no entries', tone: 'warn', why: blocked || 'Not ready yet' };
    case 'starting':
      return { text: 'Starting', tone: 'warn', why: blocked || 'Comparing with the venue' };
    case 'stalled':
      return { text: 'Not moving', tone: 'bad', why: 'The trading loop does not answer. Stops stay at the venue.' };
    case 'ended':
      return status.kind === 'backtest'
        ? { text: 'Finished', tone: '', why: 'The run is over' }
        : { text: 'Stopped', tone: 'bad', why: 'Stops stay at the venue' };
    default:
      return { text: plain(status?.state), tone: '', why: blocked };
  }
}

/** @type {Record<string, string>} */
const CLOSED_BY = {
  stop_loss: 'Stop loss',
  take_profit: 'Target',
  trailing_stop: 'Trailing stop',
  opposite_signal: 'Opposite signal',
  reversal: 'Reversal',
  time_stop: 'Time limit',
  kill: 'Guardrail',
  manual: 'By hand',
  foreign: 'From outside',
  liquidation: 'Liquidation',
  adl: 'Auto-deleveraging',
  shutdown: 'Shutdown',
};

/** @param {any} reason */
export function closedBy(reason) {
  return CLOSED_BY[reason] ?? plain(reason);
}

/** What open positions have cost so far beside their price. @param {any[]} positions */
export function paidWords(positions) {
  const [fees, funding] = ['fees', 'funding'].map((name) => positions.reduce((sum, position) => sum + Number(position[name]), 0));
  return `fees so far ${money(fees)} USDT${funding ? `, funding ${funding > 0 ? 'paid' : 'received'} ${money(Math.abs(funding))} USDT` : ''}`;
}

/** The unit of a symbol's size: BTCUSDT is BTC. @param {string} symbol */
export function baseOf(symbol) {
  return symbol.replace(/(USDT|USDC|USD|PERP)$/, '');
}
