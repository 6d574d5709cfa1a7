// @ts-check
/** Results by month as a table of years, and by day as bars. */

import { money, percent, tone } from '../ui/format.js';
import { h } from '../ui/vdom.js';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAYS = 60;

/** @param {{name: string, pnl: string, trades: number}[]} months named YYYY-MM @param {any} start equity of the beginning */
export function monthTable(months, start) {
  const years = [...new Set(months.map((month) => month.name.slice(0, 4)))].sort();
  const widest = Math.max(...months.map((month) => Math.abs(Number(month.pnl))), 1e-9);
  return h('div', { class: 'table-wrap' }, h('table', { class: 'table months', 'aria-label': 'Result by month' },
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Year'), MONTHS.map((month) => h('th', { key: month, scope: 'col', class: 'num' }, month)), h('th', { scope: 'col', class: 'num' }, 'Sum'))),
    h('tbody', {}, years.map((year) => yearRow(year, months, widest, start)))));
}

/** @param {string} year @param {any[]} months @param {number} widest @param {any} start */
function yearRow(year, months, widest, start) {
  const own = months.filter((month) => month.name.startsWith(year));
  const sum = own.reduce((total, month) => total + Number(month.pnl), 0);
  return h('tr', { key: year }, h('th', { scope: 'row' }, year),
    MONTHS.map((word, at) => {
      const found = own.find((month) => Number(month.name.slice(5, 7)) === at + 1);
      if (!found) return h('td', { key: word, class: 'num muted' }, '·');
      const strength = 8 + Math.round((Math.abs(Number(found.pnl)) / widest) * 26);
      const paint = `color-mix(in srgb, var(--${Number(found.pnl) < 0 ? 'loss' : 'gain'}) ${strength}%, transparent)`;
      return h('td', { key: word, class: `num ${tone(found.pnl)}`, style: { background: paint }, title: `${found.trades} trades` }, money(found.pnl, { signed: true }));
    }),
    h('td', { class: `num ${tone(sum)}` }, h('strong', {}, money(sum, { signed: true })), Number(start) ? h('span', { class: 'tiny muted block' }, percent(sum / Number(start), 1, true)) : null));
}

/** @param {{day: string, pnl: string, trades: number}[]} days */
export function dayBars(days) {
  const shown = days.slice(-DAYS);
  const widest = Math.max(...shown.map((day) => Math.abs(Number(day.pnl))), 1e-9);
  const total = shown.reduce((sum, day) => sum + Number(day.pnl), 0);
  const won = shown.filter((day) => Number(day.pnl) > 0).length;
  return [
    h('div', { class: 'day-bars', role: 'img', 'aria-label': `Result of the last ${shown.length} days with trades: ${money(total, { signed: true })} USDT, ${won} of them won` },
      shown.map((day) => {
        const share = (Math.abs(Number(day.pnl)) / widest) * 50;
        const isUp = Number(day.pnl) >= 0;
        return h('span', { key: day.day, class: 'day-slot', title: `${day.day}: ${money(day.pnl, { signed: true })} USDT, ${day.trades} trades` }, h('span', { class: `day-bar ${isUp ? 'up' : 'down'}`, style: { height: `${Math.max(1, share)}%` } }));
      })),
    h('div', { class: 'day-foot tiny muted' }, h('span', {}, shown[0]?.day ?? ''), h('span', {}, `${won} of ${shown.length} days won`), h('span', {}, shown[shown.length - 1]?.day ?? '')),
  ];
}
