// @ts-check
/** What all charts share: colours of the sheet, times of the chosen zone, the size of their place. */

import { createChart } from '../../vendor/lightweight-charts.js';
import { colour, onTheme } from '../ui/theme.js';
import { clock, date, dateTime } from '../ui/times.js';

/** Seconds of the chart's axis. @param {string} iso @returns {number} */
export function seconds(iso) {
  return Math.floor(new Date(iso).getTime() / 1000);
}

/** @param {string} name @param {number} alpha @returns {string} */
export function faded(name, alpha) {
  const hex = colour(name).replace('#', '');
  const [r, g, b] = [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return `rgba(${r}, ${g}, ${b}, ${alpha})`;
}

/** @returns {any} */
function look() {
  return {
    layout: {
      background: { type: 'solid', color: 'transparent' },
      textColor: colour('muted'),
      fontFamily: getComputedStyle(document.body).fontFamily,
      fontSize: 11,
      attributionLogo: false,
      panes: { separatorColor: colour('line'), separatorHoverColor: colour('line-strong'), enableResize: true },
    },
    grid: { vertLines: { color: faded('line', 0.55) }, horzLines: { color: faded('line', 0.55) } },
    crosshair: {
      mode: 0,
      vertLine: { color: colour('faint'), labelBackgroundColor: colour('line-strong') },
      horzLine: { color: colour('faint'), labelBackgroundColor: colour('line-strong') },
    },
    rightPriceScale: { borderColor: colour('line') },
    timeScale: { borderColor: colour('line') },
  };
}

/** @param {number} time @param {number} kind of the mark: 0 year, 1 month, 2 day, 3 and 4 time */
function mark(time, kind) {
  const ms = time * 1000;
  if (kind === 0) return String(new Date(ms).getUTCFullYear());
  if (kind <= 2) return date(ms).replace(/ \d{4}$/, '');
  return kind === 4 ? clock(ms) : clock(ms).slice(0, 5);
}

/**
 * Make a chart that fills its element and follows its size and the theme.
 * @param {HTMLElement} element @param {any} options @param {() => void} recolour told when colours change
 * @returns {{chart: any, end: () => void}}
 */
export function makeChart(element, options, recolour) {
  const chart = createChart(element, {
    autoSize: true,
    localization: { timeFormatter: (/** @type {number} */ time) => dateTime(time * 1000) },
    ...options,
    ...look(),
    timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 4, tickMarkFormatter: mark, ...options.timeScale, ...look().timeScale },
    rightPriceScale: { ...options.rightPriceScale, ...look().rightPriceScale },
    handleScroll: { vertTouchDrag: false, mouseWheel: false, ...options.handleScroll },
    handleScale: { mouseWheel: false, ...options.handleScale },
  });
  const forget = onTheme(() => {
    chart.applyOptions(look());
    recolour();
  });
  return {
    chart,
    end: () => {
      forget();
      chart.remove();
    },
  };
}

