// @ts-check
/** The chart of one symbol: candles with what was traded and held, and below them the score and its parts. */

import { CandlestickSeries, LineSeries, createSeriesMarkers } from '../../vendor/lightweight-charts.js';
import { colour } from '../ui/theme.js';
import { faded, makeChart, seconds } from './base.js';
import { Holdings, holdingOf } from './holdings.js';
import { StackedSeries, familySums } from './stacked.js';

/** @param {any} bar */
function candle(bar) {
  return { time: seconds(bar.time), open: Number(bar.open), high: Number(bar.high), low: Number(bar.low), close: Number(bar.close) };
}

/** @param {any[]} bars @returns {number} decimals the prices are written with */
function places(bars) {
  return bars.slice(-50).reduce((most, bar) => Math.max(most, String(bar.close).split('.')[1]?.replace(/0+$/, '').length ?? 0), 0);
}

export class MarketChart {
  /** @param {HTMLElement} element @param {(time: number | null) => void} onHover told the bar under the pointer */
  constructor(element, onHover) {
    const { chart, end } = makeChart(element, { rightPriceScale: { minimumWidth: 68 } }, () => this.recolour());
    this.chart = chart;
    this.end = end;
    this.candles = chart.addSeries(CandlestickSeries, { borderVisible: false, priceLineVisible: true, priceLineStyle: 3 });
    this.marks = createSeriesMarkers(this.candles, []);
    this.holdings = new Holdings();
    this.candles.attachPrimitive(this.holdings);
    this.stack = chart.addCustomSeries(new StackedSeries(), {}, 1);
    this.score = chart.addSeries(LineSeries, { lineWidth: 2, priceLineVisible: false, crosshairMarkerRadius: 3, priceFormat: { type: 'price', precision: 2, minMove: 0.01 } }, 1);
    /** @type {any[]} */
    this.thresholds = [];
    chart.panes()[0].setStretchFactor(2.6);
    chart.panes()[1].setStretchFactor(1);
    /** @type {any} */
    this.shown = null;
    this.isScored = true;
    this.lastTime = 0;
    chart.subscribeCrosshairMove((/** @type {any} */ param) => onHover(typeof param.time === 'number' ? param.time : null));
    this.recolour();
  }

  /**
   * Show a symbol's bars. @param {any} data the answer of `bars`
   * @param {Map<number, any[]>} breakdowns by the open of the bar, seconds
   * @param {boolean} isOther another symbol or timeframe than before: look at the newest bars again
   */
  show(data, breakdowns, isOther) {
    const precision = places(data.bars);
    this.shown = { data, breakdowns };
    this.candles.applyOptions({ priceFormat: { type: 'price', precision, minMove: 10 ** -precision } });
    const bars = data.forming ? [...data.bars, data.forming] : data.bars;
    const points = bars.map(candle);
    this.times = points.map((/** @type {any} */ point) => point.time);
    this.lastTime = this.times[this.times.length - 1] ?? 0;
    this.candles.setData(points);
    this.showScores(data.bars, breakdowns);
    this.marks.setMarkers(this.markersOf(data));
    this.holdings.set(data.stop_path.map(holdingOf).filter(Boolean), this.times);
    if (isOther) this.lookAtNewest(points.length);
  }

  /** @param {any[]} bars @param {Map<number, any[]>} breakdowns */
  showScores(bars, breakdowns) {
    const scored = bars.filter((bar) => bar.score !== null);
    this.score.setData(scored.map((bar) => ({ time: seconds(bar.time), value: bar.score })));
    this.stack.setData(scored.filter((bar) => breakdowns.has(seconds(bar.time))).map((bar) => ({ time: seconds(bar.time), parts: familySums(breakdowns.get(seconds(bar.time)) || []) })));
    for (const line of this.thresholds) this.score.removePriceLine(line);
    const threshold = scored[scored.length - 1]?.threshold;
    this.thresholds = threshold ? [threshold, -threshold].map((price, at) => this.score.createPriceLine({ price, color: colour(at ? 'loss' : 'gain'), lineWidth: 1, lineStyle: 2, axisLabelVisible: false, title: '' })) : [];
  }

  /** @param {number} count */
  lookAtNewest(count) {
    const room = Math.max(40, Math.min(150, Math.floor(this.chart.timeScale().width() / 7)));
    this.candles.priceScale().applyOptions({ autoScale: true });
    this.chart.timeScale().setVisibleLogicalRange({ from: count - room, to: count + 4 });
  }

  /** Move the forming bar. @param {any} bar @returns {boolean} false where it is no continuation of what is shown */
  move(bar) {
    const point = candle(bar);
    const step = this.times && this.times.length > 1 ? this.times[this.times.length - 1] - this.times[this.times.length - 2] : Infinity;
    if (point.time < this.lastTime || point.time > this.lastTime + step) return false;
    this.candles.update(point);
    if (point.time > this.lastTime) {
      this.times.push(point.time);
      this.lastTime = point.time;
      this.holdings.set(this.holdings.holdings, this.times);
    }
    return true;
  }

  /** @param {any} data @returns {any[]} */
  markersOf(data) {
    const first = data.bars.length ? seconds(data.bars[0].time) : Infinity;
    const found = data.markers.filter((/** @type {any} */ mark) => mark.bar_time && seconds(mark.bar_time) >= first).map((/** @type {any} */ mark) => {
      const isEntry = mark.kind === 'entry';
      const isBuy = mark.side === 'Buy';
      return {
        time: seconds(mark.bar_time),
        position: isBuy ? 'belowBar' : 'aboveBar',
        shape: isEntry ? (isBuy ? 'arrowUp' : 'arrowDown') : 'circle',
        color: isEntry ? colour(isBuy ? 'gain' : 'loss') : colour('muted'),
        size: isEntry ? 1.2 : 0.8,
        text: '',
      };
    });
    found.sort((/** @type {any} */ a, /** @type {any} */ b) => a.time - b.time);
    const last = found.findLast((/** @type {any} */ mark) => mark.shape !== 'circle');
    if (last) last.text = last.shape === 'arrowUp' ? 'Long' : 'Short';
    return found;
  }

  recolour() {
    this.candles.applyOptions({
      upColor: colour('gain'), downColor: colour('loss'), wickUpColor: faded('gain', 0.8), wickDownColor: faded('loss', 0.8), priceLineColor: colour('muted'),
    });
    this.score.applyOptions({ color: colour('text') });
    if (this.shown) this.show(this.shown.data, this.shown.breakdowns, false);
  }
}
