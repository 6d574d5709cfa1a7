// @ts-check
/** The card with the chart: loads bars and analyses, follows the market, tells source and age of the last bar. */

import { MarketChart } from '../charts/market.js';
import { seconds } from '../charts/base.js';
import { get } from '../data/api.js';
import { told } from '../data/problem.js';
import { familyKey } from '../ui/breakdown.js';
import { fixed, price } from '../ui/format.js';
import { card, empty, segments } from '../ui/parts.js';
import { preference, setPreference } from '../ui/preferences.js';
import { dateTime } from '../ui/times.js';
import { h } from '../ui/vdom.js';
import { intervalName } from '../words.js';

const LOAD_EVERY_MS = 2500;
const BARS = 400;

export class MarketPanel {
  /** @param {import('../data/store.js').Store} store @param {() => void} redraw */
  constructor(store, redraw) {
    this.store = store;
    this.redraw = redraw;
    this.symbol = '';
    this.timeframe = preference('timeframe');
    /** @type {any} */
    this.data = null;
    /** @type {Map<number, any>} analyses by the open of their bar, seconds */
    this.analyses = new Map();
    /** @type {MarketChart | null} */
    this.chart = null;
    /** @type {number | null} */
    this.hover = null;
    this.error = '';
    this.loadedAt = 0;
    this.isLoading = false;
    this.isEnded = false;
    this.shownAs = '';
  }

  /** @param {string} symbol */
  look(symbol) {
    this.symbol = symbol;
    this.data = null;
    this.load();
  }

  end() {
    this.isEnded = true;
    this.chart?.end();
    this.chart = null;
  }

  async load() {
    if (this.isLoading || !this.symbol) return;
    this.isLoading = true;
    this.loadedAt = Date.now();
    const { symbol, timeframe } = this;
    try {
      const bars = await get('bars', { symbol, timeframe, limit: BARS });
      const isScored = bars.bars.some((/** @type {any} */ bar) => bar.score !== null);
      const analyses = isScored ? await get(`analysis/${encodeURIComponent(symbol)}`, { limit: BARS }) : { history: [] };
      if (symbol === this.symbol && timeframe === this.timeframe) this.take(bars, analyses);
    } catch (error) {
      this.error = told(error);
      if (timeframe && !this.data) this.timeframe = '';
    } finally {
      this.isLoading = false;
    }
    if (this.isEnded) return;
    if (symbol !== this.symbol || timeframe !== this.timeframe) this.load();
    else this.redraw();
  }

  /** @param {any} bars @param {any} analyses */
  take(bars, analyses) {
    this.error = '';
    this.data = bars;
    this.analyses = new Map(analyses.history.map((/** @type {any} */ item) => [seconds(item.bar_time ?? item.time), item]));
    this.joinByClose();
    this.show();
  }

  /** Analyses carry the close of their bar; the chart knows bars by their open. */
  joinByClose() {
    const bars = this.data.bars;
    if (bars.length < 2 || !this.analyses.size) return;
    const step = Math.min(...bars.slice(1).map((/** @type {any} */ bar, /** @type {number} */ at) => seconds(bar.time) - seconds(bars[at].time)));
    const opens = new Set(bars.map((/** @type {any} */ bar) => seconds(bar.time)));
    const joined = new Map();
    for (const [time, item] of this.analyses) if (opens.has(time - step)) joined.set(time - step, item);
    this.analyses = joined;
  }

  show() {
    if (!this.chart || !this.data) return;
    const as = `${this.data.symbol} ${this.data.timeframe}`;
    const parts = new Map([...this.analyses].map(([time, item]) => [time, item.breakdown || []]));
    this.chart.show(this.data, parts, as !== this.shownAs);
    this.shownAs = as;
  }

  /** @param {Set<string>} [changed] */
  update(changed) {
    if (!changed || !this.data || !this.symbol) return;
    if (changed.has(`market.${this.symbol}`)) this.follow();
    if (changed.has('link') && this.store.get('link')?.state === 'live' && Date.now() - this.loadedAt > 30000) this.load();
  }

  follow() {
    const market = this.store.get(`market.${this.symbol}`);
    if (!market) return;
    const isOwn = !this.timeframe || this.timeframe === String(this.store.get('status')?.interval);
    const isNext = isOwn && market.forming ? this.chart?.move(market.forming) ?? true : true;
    const last = this.data.bars[this.data.bars.length - 1];
    const isNewBar = market.bar && (!last || market.bar.time !== last.time);
    const known = new Set(this.data.markers.map(markKey));
    const isTraded = (market.markers || []).some((/** @type {any} */ mark) => !known.has(markKey(mark)));
    if (isNewBar && isOwn && last) this.append(market, last);
    if ((!isNext || isTraded || !isOwn && isNewBar) && Date.now() - this.loadedAt > LOAD_EVERY_MS) this.load();
  }

  /** Take a bar that follows the last one as it closes, with what its analysis says. @param {any} market @param {any} last */
  append(market, last) {
    const bars = this.data.bars;
    const step = bars.length > 1 ? seconds(last.time) - seconds(bars[bars.length - 2].time) : 0;
    const open = seconds(market.bar.time);
    if (open !== seconds(last.time) + step) return;
    const signal = (this.store.get('signals') || {})[this.symbol];
    const isOf = signal?.time && seconds(signal.time) === open + step;
    if (isOf) this.analyses.set(open, { ...signal });
    this.data = { ...this.data, bars: [...bars.slice(1), market.bar], forming: market.forming, last_bar_close: new Date((open + step) * 1000).toISOString() };
    this.show();
  }

  /** The analysis under the pointer, or null. */
  hovered() {
    return this.hover === null ? null : this.analyses.get(this.hover) ?? null;
  }

  /** A finished run without its bars has no market to show. */
  isBare() {
    return Boolean(this.store.get('status')?.read_only && this.data && !this.data.bars.length);
  }

  /** @param {any} symbols */
  view(symbols) {
    const frames = this.data?.timeframes || [];
    const chosen = String(this.data?.timeframe ?? this.timeframe);
    const right = [symbols, frames.length > 1 ? segments('Timeframe', frames.map((/** @type {string} */ name) => [String(name), intervalName(name)]), chosen, (name) => this.choose(name)) : null];
    const isBare = this.data && !this.data.bars.length;
    return card(this.heading(), [
      h('div', { class: 'chart-legend small', 'aria-live': 'off' }, this.legend()),
      h('div', { class: 'chart-place' },
        h('div', { key: 'chart', class: 'chart market-chart live', opaque: true, role: 'img', 'aria-label': `Candles of ${this.symbol} with entries, exits and stops, and the score below`, mount: (element) => this.mount(element) }),
        this.data && !isBare ? null : h('div', { key: 'over', class: 'chart-over' }, this.error ? empty('The chart could not be read', this.error, 'offline') : isBare ? empty('No bars yet', 'The first closed bar brings the chart.', 'clock') : h('div', { class: 'skeleton chart-skeleton' }))),
      h('div', { class: 'chart-foot' }, h('div', { class: 'chart-keys' }, lineKey(), familyKey()), h('p', { class: 'tiny muted' }, this.source(), ' ',
        h('a', { href: 'https://www.tradingview.com/', target: '_blank', rel: 'noopener noreferrer', title: 'Charts: TradingView Lightweight Charts™, Copyright (c) 2026 TradingView, Inc.' }, 'Charts by TradingView'))),
    ], { right, bare: true, class: 'chart-card', key: 'market', label: 'Market' });
  }

  heading() {
    const market = this.store.get(`market.${this.symbol}`) || (this.store.get('signals') || {})[this.symbol];
    return [h('span', {}, this.symbol || 'Market'), ' ', h('span', { class: 'heading-price live' }, market?.last_price ? price(market.last_price) : ''), market?.stale && !this.store.get('status')?.read_only ? h('span', { class: 'badge warn' }, 'old price') : null];
  }

  legend() {
    const bars = this.data?.bars || [];
    const at = this.hover === null ? bars.length - 1 : bars.findIndex((/** @type {any} */ bar) => seconds(bar.time) === this.hover);
    const bar = bars[at];
    if (!bar) return '\u00a0';
    return [h('span', { class: 'muted' }, dateTime(bar.time)), ...[['O', bar.open], ['H', bar.high], ['L', bar.low], ['C', bar.close]].map(([name, value]) => h('span', {}, h('span', { class: 'muted' }, `${name} `), price(value))),
      bar.score === null ? null : h('span', {}, h('span', { class: 'muted' }, 'score '), fixed(bar.score, 2, true))];
  }

  source() {
    if (!this.data) return '\u00a0';
    return `${this.data.source || 'Source not known'} · last bar closed ${this.data.last_bar_close ? dateTime(this.data.last_bar_close) : 'not yet'}`;
  }

  /** @param {string} timeframe */
  choose(timeframe) {
    this.timeframe = timeframe;
    setPreference('timeframe', timeframe);
    this.load();
    this.redraw();
  }

  /** @param {HTMLElement} element */
  mount(element) {
    this.chart?.end();
    this.shownAs = '';
    this.chart = new MarketChart(element, (time) => {
      if (time === this.hover) return;
      this.hover = time;
      this.redraw();
    });
    this.show();
  }
}

/** @param {any} mark */
function markKey(mark) {
  return `${mark.kind} ${mark.order_link_id} ${mark.time}`;
}

/** What the lines and marks over the candles mean. */
function lineKey() {
  return h('ul', { class: 'family-key', 'aria-label': 'Lines and marks' },
    [['arrows', 'Entry'], ['circle', 'Exit'], ['line stop', 'Stop'], ['line target', 'Target']].map(([sign, word]) => h('li', { key: word }, h('span', { class: `line-key ${sign}`, 'aria-hidden': 'true' }, sign === 'arrows' ? '▲▼' : sign === 'circle' ? '●' : ''), word)));
}
