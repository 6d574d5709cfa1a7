// @ts-check
/** A series of stacked bars for the chart: the score's parts upwards where they say buy, downwards where sell. */

import { FAMILIES, familyOf } from '../words.js';
import { colour, theme } from '../ui/theme.js';

/** Sum a breakdown by family. @param {{name: string, value: number | null}[]} breakdown @returns {number[]} in the order of FAMILIES */
export function familySums(breakdown) {
  const sums = FAMILIES.map(() => 0);
  for (const { name, value } of breakdown) {
    const at = FAMILIES.findIndex(([family]) => family === familyOf(name));
    if (at !== -1 && value !== null) sums[at] += value;
  }
  return sums;
}

/** @param {number[]} parts @returns {[number, number]} lowest and highest end of the stack */
export function reach(parts) {
  return [parts.reduce((sum, part) => sum + Math.min(0, part), 0), parts.reduce((sum, part) => sum + Math.max(0, part), 0)];
}

/** The custom series: data points are {time, parts}. */
export class StackedSeries {
  constructor() {
    /** @type {any} */
    this.data = null;
    this.colours = { theme: '', list: /** @type {string[]} */ ([]) };
  }

  renderer() {
    return { draw: (/** @type {any} */ target, /** @type {any} */ toY) => target.useBitmapCoordinateSpace((/** @type {any} */ scope) => this.draw(scope, toY)) };
  }

  /** @param {any} data */
  update(data) {
    this.data = data;
  }

  /** @param {any} point */
  priceValueBuilder(point) {
    const [low, high] = reach(point.parts);
    return [low, high, point.parts.reduce((/** @type {number} */ sum, /** @type {number} */ part) => sum + part, 0)];
  }

  /** @param {any} point */
  isWhitespace(point) {
    return !point.parts;
  }

  defaultOptions() {
    return { lastValueVisible: false, priceLineVisible: false };
  }

  palette() {
    if (this.colours.theme !== theme()) this.colours = { theme: theme(), list: FAMILIES.map(([name]) => colour(`family-${name}`)) };
    return this.colours.list;
  }

  /** @param {any} scope @param {(price: number) => number | null} toY */
  draw(scope, toY) {
    const data = this.data;
    if (!data?.visibleRange) return;
    const { context, horizontalPixelRatio: wide, verticalPixelRatio: tall } = scope;
    const palette = this.palette();
    const width = Math.max(1, Math.floor(data.barSpacing * wide * 0.72));
    for (let at = data.visibleRange.from; at < data.visibleRange.to; at += 1) {
      const bar = data.bars[at];
      const left = Math.round(bar.x * wide - width / 2);
      const ends = [0, 0];
      bar.originalData.parts?.forEach((/** @type {number} */ part, /** @type {number} */ family) => {
        if (!part) return;
        const way = part > 0 ? 1 : 0;
        const from = toY(ends[way]);
        const to = toY((ends[way] += part));
        if (from === null || to === null) return;
        context.fillStyle = palette[family];
        context.fillRect(left, Math.round(Math.min(from, to) * tall), width, Math.max(1, Math.round(Math.abs(from - to) * tall)));
      });
    }
  }
}
