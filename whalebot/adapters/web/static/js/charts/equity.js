// @ts-check
/** The account over time, and below it how far it stands under its best. */

import { AreaSeries, BaselineSeries } from '../../vendor/lightweight-charts.js';
import { colour } from '../ui/theme.js';
import { faded, makeChart, seconds } from './base.js';

/** One point a second, the last one of it; rising. @param {any[]} points @returns {{time: number, value: number}[]} */
function clean(points) {
  /** @type {Map<number, number>} */
  const found = new Map();
  for (const { time, equity } of points) {
    const value = Number(equity);
    if (equity !== null && Number.isFinite(value)) found.set(seconds(time), value);
  }
  return [...found].sort((a, b) => a[0] - b[0]).map(([time, value]) => ({ time, value }));
}

/** @param {{time: number, value: number}[]} points @returns {{time: number, value: number}[]} percent below the best so far */
function drawdowns(points) {
  let best = -Infinity;
  return points.map(({ time, value }) => {
    best = Math.max(best, value);
    return { time, value: best > 0 ? (value / best - 1) * 100 : 0 };
  });
}

export class EquityChart {
  /** @param {HTMLElement} element @param {{drawdown: boolean}} how */
  constructor(element, { drawdown }) {
    const { chart, end } = makeChart(element, { rightPriceScale: { minimumWidth: 68 } }, () => this.recolour());
    this.chart = chart;
    this.end = end;
    this.base = 0;
    this.count = 0;
    this.line = chart.addSeries(BaselineSeries, { lineWidth: 2, priceLineVisible: false, priceFormat: { type: 'price', precision: 2, minMove: 0.01 } });
    this.under = drawdown ? chart.addSeries(AreaSeries, { lineWidth: 1, invertFilledArea: true, priceLineVisible: false, priceFormat: { type: 'custom', minMove: 0.01, formatter: (/** @type {number} */ value) => `${value.toFixed(2)} %` } }, 1) : null;
    if (this.under) {
      chart.panes()[0].setStretchFactor(2.4);
      chart.panes()[1].setStretchFactor(1);
    }
    this.recolour();
  }

  /** @param {any[]} points of the wire @param {any} start equity at the beginning, for the base line */
  show(points, start) {
    const found = clean(points);
    this.base = Number(start ?? found[0]?.value ?? 0);
    this.recolour();
    this.line.setData(found);
    this.under?.setData(drawdowns(found));
    if (this.count !== found.length) this.chart.timeScale().fitContent();
    this.count = found.length;
  }

  recolour() {
    this.line.applyOptions({
      baseValue: { type: 'price', price: this.base },
      topLineColor: colour('gain'), topFillColor1: faded('gain', 0.25), topFillColor2: faded('gain', 0.02),
      bottomLineColor: colour('loss'), bottomFillColor1: faded('loss', 0.02), bottomFillColor2: faded('loss', 0.25),
    });
    this.under?.applyOptions({ lineColor: colour('loss'), topColor: faded('loss', 0.05), bottomColor: faded('loss', 0.3) });
  }
}
