// @ts-check
/** Line icons on a grid of 24. Decoration: a word always stands beside them or in the label. */

import { s } from './vdom.js';

/** @type {Record<string, string>} */
const PATHS = {
  dashboard: 'M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z',
  positions: 'M12 3l9 5-9 5-9-5zM3 13l9 5 9-5',
  trades: 'M4 19V5M4 19h16M8 15l3.5-4 3 2.5L20 7',
  signals: 'M3 12h3l3-8 5 16 3-8h4',
  scanner: 'M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.300 15.300L21 21M7.500 10.500h1.500l1.300-2.500 1.700 4.500 1-2h.8',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.8v4.4M9 14.8v4.4',
  health: 'M12 20s-8-4.6-8-10.3A4.5 4.5 0 0 1 12 7a4.5 4.5 0 0 1 8 2.7C20 15.4 12 20 12 20z',
  alerts: 'M6 16V11a6 6 0 1 1 12 0v5l1.5 2h-15zM10 21h4',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 5l12 7-12 7z',
  flatten: 'M4 12h16M12 3v5M9.5 6L12 8.5 14.5 6M12 21v-5M9.5 18l2.5-2.5 2.5 2.5',
  panic: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5M12 8h.01',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  cross: 'M6 6l12 12M18 6L6 18',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
  flat: 'M5 12h14',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M18.4 5.6l-1.1 1.1M6.7 17.3l-1.1 1.1',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.500 10.500z',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.5 2',
  offline: 'M3 3l18 18M5 10a11 11 0 0 1 4-2.300M19 10a11 11 0 0 0-6-3M8 14a6 6 0 0 1 3-1.600M12 19h.01',
  file: 'M7 3h7l4 4v14H7zM14 3v4h4M10 12h5M10 16h5',
  download: 'M12 4v11M7.500 11l4.500 4.500 4.500-4.500M4 20h16',
  key: 'M14.500 14a5 5 0 1 0-4.300-2.500L4 18v2h3l1-1v-2h2l1.700-1.700',
  chevron: 'M9 6l6 6-6 6',
};

/** @param {string} name @returns {import('./vdom.js').VNode} */
export function icon(name) {
  return s('svg', { viewBox: '0 0 24 24', fill: 'none', stroke: 'currentColor', 'stroke-width': '1.9', 'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': 'true', focusable: 'false' },
    s('path', { d: PATHS[name] || PATHS.info }));
}

/** The sign of the house: a whale's fluke over water. @returns {import('./vdom.js').VNode} */
export function logo() {
  return s('svg', { viewBox: '0 0 32 32', 'aria-hidden': 'true', focusable: 'false' },
    s('rect', { width: 32, height: 32, rx: 9, fill: 'var(--accent-strong)' }),
    s('path', { d: 'M16 21.500c0-4.600-.6-6.600-3-8.200-2-1.300-4.600-1.300-6.500-3 3.600-1 7.800.2 9.500 3.200 1.700-3 5.900-4.200 9.500-3.200-1.900 1.700-4.500 1.700-6.500 3-2.400 1.600-3 3.600-3 8.200z', fill: '#fff' }),
    s('path', { d: 'M6.500 24c1.600-1.400 3.200-1.400 4.750 0s3.150 1.400 4.750 0 3.200-1.400 4.750 0 3.150 1.400 4.750 0', fill: 'none', stroke: '#fff', 'stroke-width': 1.800, 'stroke-linecap': 'round', opacity: '.75' }));
}
