// @ts-check
/** What was held, drawn over the candles: the entry's line, the path of the stop, the risk between them. */

import { colour } from '../ui/theme.js';
import { faded, seconds } from './base.js';

/**
 * @typedef {{from: number, until: number | null, entry: number, isLong: boolean, stops: {time: number, stop: number}[],
 *   target: number | null}} Holding times in seconds
 */

/** @param {any} path one item of `stop_path` of the wire @returns {Holding | null} */
export function holdingOf(path) {
  const entry = Number(path.entry_price);
  if (!Number.isFinite(entry)) return null;
  const points = path.points || [];
  const stops = points.filter((/** @type {any} */ point) => point.stop !== null).map((/** @type {any} */ point) => ({ time: seconds(point.time), stop: Number(point.stop) }));
  const targets = points.filter((/** @type {any} */ point) => point.target !== null && point.target !== undefined);
  const target = targets.length ? Number(targets[targets.length - 1].target) : null;
  return { from: seconds(path.opened), until: path.closed ? seconds(path.closed) : null, entry, isLong: path.side === 'Buy', stops, target };
}

/** A primitive of the candle series. */
export class Holdings {
  constructor() {
    /** @type {Holding[]} */
    this.holdings = [];
    /** @type {number[]} */
    this.times = [];
    /** @type {any} */
    this.attachedTo = null;
  }

  /** @param {any} place */
  attached(place) {
    this.attachedTo = place;
  }

  detached() {
    this.attachedTo = null;
  }

  /** @param {Holding[]} holdings @param {number[]} times opens of the bars shown */
  set(holdings, times) {
    this.holdings = holdings;
    this.times = times;
    this.attachedTo?.requestUpdate();
  }

  paneViews() {
    return [{ zOrder: () => 'bottom', renderer: () => ({ draw: (/** @type {any} */ target) => target.useBitmapCoordinateSpace((/** @type {any} */ scope) => this.draw(scope)) }) }];
  }

  /** The open stop and target belong into the picture. */
  autoscaleInfo() {
    const open = this.holdings.find((holding) => holding.until === null);
    if (!open) return null;
    const values = [open.entry, ...open.stops.slice(-1).map((point) => point.stop), ...(open.target === null ? [] : [open.target])];
    return { priceRange: { minValue: Math.min(...values), maxValue: Math.max(...values) } };
  }

  /** The pixel of a moment between bars. @param {number} time @returns {number | null} */
  x(time) {
    const scale = this.attachedTo.chart.timeScale();
    const at = this.barAt(time);
    if (at < 0) return null;
    const left = scale.timeToCoordinate(this.times[at]);
    if (left === null) return null;
    const width = scale.options().barSpacing;
    const step = at + 1 < this.times.length ? this.times[at + 1] - this.times[at] : this.times[at] - (this.times[at - 1] ?? this.times[at] - 60);
    const share = Math.min(1, Math.max(0, (time - this.times[at]) / (step || 1)));
    return left - width / 2 + share * width;
  }

  /** @param {number} time @returns {number} index of the bar that holds it, -1 before the first */
  barAt(time) {
    let low = 0;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** @param {any} scope */
  draw(scope) {
    if (!this.attachedTo || !this.times.length) return;
    for (const holding of this.holdings) this.drawOne(scope, holding);
  }

  /** @param {any} scope @param {Holding} holding */
  drawOne({ context, horizontalPixelRatio: wide, verticalPixelRatio: tall }, holding) {
    const last = this.times[this.times.length - 1];
    const until = holding.until ?? last + 1e9;
    if (until < this.times[0]) return;
    const series = this.attachedTo.series;
    const left = this.x(Math.max(holding.from, this.times[0]));
    const right = this.x(until);
    const entry = series.priceToCoordinate(holding.entry);
    if (left === null || right === null || entry === null) return;
    const end = Math.max(right, left + 2);
    context.save();
    context.lineWidth = Math.max(1, Math.floor(tall));
    this.line(context, wide, tall, [[left, entry], [end, entry]], colour('faint'), [3, 3]);
    const path = this.stopPath(holding, left, end, series);
    this.shade(context, wide, tall, path, entry);
    context.lineWidth = Math.max(1, Math.round(1.6 * tall));
    this.line(context, wide, tall, path, colour('loss'), []);
    const target = holding.target === null ? null : series.priceToCoordinate(holding.target);
    if (target !== null) this.line(context, wide, tall, [[left, target], [end, target]], colour('gain'), [4, 4]);
    context.restore();
  }

  /** Steps of the stop as corners of a line. @param {Holding} holding @param {number} left @param {number} end @param {any} series @returns {number[][]} */
  stopPath(holding, left, end, series) {
    /** @type {number[][]} */
    const corners = [];
    for (const { time, stop } of holding.stops) {
      const y = series.priceToCoordinate(stop);
      const x = Math.min(end, Math.max(left, this.x(time) ?? left));
      if (y === null) continue;
      if (corners.length) corners.push([x, corners[corners.length - 1][1]]);
      corners.push([x, y]);
    }
    if (corners.length) corners.push([end, corners[corners.length - 1][1]]);
    return corners;
  }

  /** @param {any} context @param {number} wide @param {number} tall @param {number[][]} path @param {number} entry */
  shade(context, wide, tall, path, entry) {
    if (path.length < 2) return;
    context.beginPath();
    context.moveTo(path[0][0] * wide, entry * tall);
    for (const [x, y] of path) context.lineTo(x * wide, y * tall);
    context.lineTo(path[path.length - 1][0] * wide, entry * tall);
    context.closePath();
    context.fillStyle = faded('loss', 0.09);
    context.fill();
  }

  /** @param {any} context @param {number} wide @param {number} tall @param {number[][]} path @param {string} stroke @param {number[]} dash */
  line(context, wide, tall, path, stroke, dash) {
    if (path.length < 2) return;
    context.beginPath();
    context.setLineDash(dash.map((part) => part * wide));
    path.forEach(([x, y], at) => (at ? context.lineTo(x * wide, y * tall) : context.moveTo(x * wide, y * tall)));
    context.strokeStyle = stroke;
    context.stroke();
    context.setLineDash([]);
  }
}
