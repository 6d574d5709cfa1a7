// @ts-check
/** What it earned: equity and drawdown, the figures, months, and where the result comes from. */

import { EquityChart } from '../charts/equity.js';
import { Question } from '../data/question.js';
import { NONE, fixed, money, number, percent, span, tone } from '../ui/format.js';
import { card, empty, facts, segments, sideWord, skeleton, stat, table } from '../ui/parts.js';
import { date } from '../ui/times.js';
import { h, render } from '../ui/vdom.js';
import { closedBy } from '../words.js';
import { failed, head } from './head.js';
import { dayBars, monthTable } from './calendar.js';

/** @type {[string, string][]} */
const WINDOWS = [['today', 'Today'], ['7d', '7 days'], ['30d', '30 days'], ['month', 'Month'], ['all', 'All']];

/** @param {HTMLElement} element @param {any} context */
export function open(element, context) {
  const page = new Performance(element, context.store);
  page.ask();
  page.draw();
  return page;
}

class Performance {
  /** @param {HTMLElement} element @param {import('../data/store.js').Store} store */
  constructor(element, store) {
    this.element = element;
    this.store = store;
    this.window = 'all';
    this.symbol = '';
    this.question = new Question(() => this.draw());
    /** @type {EquityChart | null} */
    this.chart = null;
    /** @type {any} */
    this.charted = null;
  }

  ask() {
    this.question.ask('performance', { window: this.window, symbol: this.symbol });
  }

  /** @param {Set<string>} changed */
  update(changed) {
    if (changed.has('trades')) this.question.refresh(4000);
    if (changed.has('preferences') || changed.has('status')) this.draw();
  }

  end() {
    this.chart?.end();
  }

  draw() {
    const { data, error } = this.question;
    render(this.element, head('Performance', data ? `${data.trades} closed ${data.trades === 1 ? 'trade' : 'trades'}${data.symbol ? ` of ${data.symbol}` : ''}, mode ${data.mode ?? NONE}; a mode's results are never added to another's.` : '\u00a0', this.tools()),
      h('div', { class: 'stack' }, error ? failed(error, () => this.question.again()) : null, ...this.inside(data)));
    if (this.chart && data && this.charted !== data) {
      this.charted = data;
      this.chart.show(data.equity, data.start_equity);
    }
  }

  tools() {
    const symbols = this.store.get('status')?.symbols || [];
    return [
      symbols.length > 1 ? h('select', { class: 'input select', 'aria-label': 'Symbol', value: this.symbol, on: { change: (event) => { this.symbol = /** @type {HTMLSelectElement} */ (event.target).value; this.ask(); } } }, h('option', { value: '' }, 'All symbols'), symbols.map((/** @type {string} */ name) => h('option', { key: name, value: name }, name))) : null,
      segments('Period', WINDOWS, this.window, (window) => { this.window = window; this.ask(); this.draw(); }),
    ];
  }

  /** @param {any} data */
  inside(data) {
    const chart = card('Equity and drawdown', h('div', { class: 'chart-place' }, h('div', { key: 'equity', class: 'chart equity-chart', opaque: true, role: 'img', 'aria-label': 'Equity over time and drawdown below', mount: (element) => { this.chart = new EquityChart(element, { drawdown: true }); } }),
      data && data.equity.length > 1 ? null : h('div', { key: 'over', class: 'chart-over' }, data ? empty('No curve yet', 'It begins with the first closed trade of this period.', 'trades') : h('div', { class: 'skeleton chart-skeleton' }))),
    { key: 'chart', bare: true, note: data?.equity.length > 1 ? `closed trades; last point ${date(data.equity[data.equity.length - 1].time)}` : null });
    if (!data) return [h('div', { class: 'skeleton', key: 'sums', style: { height: '96px' } }), chart];
    if (!data.report) return [card('', empty('No closed trade in this period', 'Results show once a position has been closed. Open positions are on the Positions page.', 'trades'), { key: 'none' }), chart];
    return [sums(data), chart, card('By month', monthTable(data.by_month, data.start_equity), { bare: true, key: 'months' }),
      h('div', { class: 'grid-2', key: 'groups' }, card('By day', dayBars(data.by_day)), data.by_symbol.length > 1 ? groups('By symbol', data.by_symbol, (name) => name) : null, groups('By side', data.by_side, (name) => sideWord(/buy|long/i.test(name) ? 'long' : 'short')), groups('By reason of exit', data.by_exit, closedBy), groups('By hour of entry (UTC)', data.by_hour, (name) => name)),
      details(data.report), notes(data.notes)];
  }
}

/** @param {any} data */
function sums({ report, start_equity, end_equity }) {
  const { totals, risk } = report;
  const worst = risk.max_drawdown;
  return h('div', { class: 'stats', key: 'sums' },
    stat('Net result', money(totals.pnl, { signed: true }), `USDT, equity ${money(start_equity)} to ${money(end_equity)}`, tone(totals.pnl)),
    stat('Win rate', percent(totals.win_rate, 1), `${totals.wins} won, ${totals.losses} lost`),
    stat('Profit factor', fixed(totals.profit_factor, 2), 'won for each USDT lost'),
    stat('Expectancy', number(totals.expectancy_r) === null ? NONE : `${fixed(totals.expectancy_r, 2, true)} R`, 'a trade, of its risk', tone(totals.expectancy_r)),
    stat('Sharpe', fixed(risk.sharpe, 2), `${risk.days ?? NONE} days`),
    stat('Largest drawdown', worst ? percent(worst.depth, 2) : NONE, worst ? `${money(worst.amount)} USDT` : null, worst ? 'loss' : ''),
    stat('Fees and funding', money(Number(totals.fees) + Number(totals.funding)), 'USDT paid'));
}

/** @param {string} title @param {any[]} rows @param {(name: string) => any} word */
function groups(title, rows, word) {
  if (!rows?.length) return null;
  const widest = Math.max(...rows.map((row) => Math.abs(Number(row.pnl))), 1e-9);
  return card(title, table(title, [
    { name: '', cell: (row) => h('strong', {}, word(row.name)) },
    { name: 'Trades', num: true, cell: (row) => String(row.trades) },
    { name: 'Won', num: true, cell: (row) => percent(row.win_rate, 0) },
    { name: 'Expectancy', num: true, cell: (row) => (number(row.expectancy_r) === null ? NONE : `${fixed(row.expectancy_r, 2, true)} R`) },
    { name: 'Result', num: true, cell: (row) => h('span', { class: `group-result ${tone(row.pnl)}` }, money(row.pnl, { signed: true }), h('span', { class: 'group-bar', 'aria-hidden': 'true' }, h('span', { style: { width: `${(Math.abs(Number(row.pnl)) / widest) * 100}%` } }))) },
  ], rows, { key: (row) => row.name }), { bare: true, key: title });
}

/** @param {any} report */
function details({ totals, risk, pace }) {
  return h('div', { class: 'grid-3', key: 'details' },
    card('Trades', facts([
      ['Average win', `${money(totals.average_win)} USDT`], ['Average loss', `${money(totals.average_loss)} USDT`], ['Win to loss', fixed(totals.payoff, 2)],
      ['Best', `${money(totals.best, { signed: true })} USDT`], ['Worst', `${money(totals.worst, { signed: true })} USDT`], ['System quality (SQN)', fixed(totals.sqn, 2)],
    ])),
    card('Risk', facts([
      ['Sortino', fixed(risk.sortino, 2)], ['Calmar', fixed(risk.calmar, 2)], ['Volatility a year', percent(risk.volatility, 1)],
      ['Value at risk 95 %', percent(risk.value_at_risk_95, 2)], ['Expected shortfall 95 %', percent(risk.expected_shortfall_95, 2)], ['Ulcer index', fixed(risk.ulcer_index, 2)],
    ])),
    card('Pace', facts([
      ['Time in the market', percent(pace.exposure, 1)], ['Mean duration', span(pace.mean_duration_ms)], ['Trades a day', fixed(pace.trades_a_day, 2)],
      ['Mean worst moment', `${money(pace.mean_mae)} USDT`], ['Mean best moment', `${money(pace.mean_mfe)} USDT`], ['Turnover', `${money(pace.turnover)} USDT`],
    ])));
}

/** @param {string[]} notes */
function notes(notes) {
  if (!notes?.length) return null;
  return h('ul', { class: 'small muted notes', key: 'notes' }, notes.map((note) => h('li', { key: note }, note)));
}
