// @ts-check
/** Every closed trade: filtered, page by page, each with why it was entered and how it ended; as CSV too. */

import { get } from '../data/api.js';
import { saveCsv } from '../data/csv.js';
import { told } from '../data/problem.js';
import { Question } from '../data/question.js';
import { NONE, fixed, money, number, price, span, tone } from '../ui/format.js';
import { icon } from '../ui/icons.js';
import { card, empty, sideWord, skeleton } from '../ui/parts.js';
import { showToast } from '../ui/toasts.js';
import { dayTime, exact } from '../ui/times.js';
import { h, render } from '../ui/vdom.js';
import { closedBy } from '../words.js';
import { failed, head } from './head.js';
import { tradeDetails } from './trade_details.js';

const PAGE = 50;
const REASONS = ['stop_loss', 'take_profit', 'trailing_stop', 'opposite_signal', 'reversal', 'time_stop', 'kill', 'manual', 'foreign', 'liquidation', 'adl', 'shutdown'];

/** @param {HTMLElement} element @param {any} context */
export function open(element, context) {
  const page = new Trades(element, context.store);
  page.ask();
  page.draw();
  return page;
}

class Trades {
  /** @param {HTMLElement} element @param {import('../data/store.js').Store} store */
  constructor(element, store) {
    this.element = element;
    this.store = store;
    /** @type {Record<string, string>} */
    this.filter = { symbol: '', side: '', reason: '', from: '', to: '' };
    this.opened = new URLSearchParams(location.search).get('trade') || '';
    this.cursors = [''];
    this.question = new Question(() => this.draw());
  }

  ask() {
    this.question.ask('trades', { ...this.filter, limit: PAGE, cursor: this.cursors[this.cursors.length - 1] });
  }

  /** @param {Set<string>} changed */
  update(changed) {
    if (changed.has('trades') && this.cursors.length === 1) this.question.refresh(2000);
    if (changed.has('preferences') || changed.has('status')) this.draw();
  }

  draw() {
    const { data, error } = this.question;
    const csv = h('button', { type: 'button', class: 'button', disabled: !data?.items.length, on: { click: () => this.save() } }, icon('download'), 'CSV');
    render(this.element, head('Trades', data ? `${data.total} closed ${data.total === 1 ? 'trade' : 'trades'}, newest first.` : '\u00a0', csv),
      h('div', { class: 'stack' }, this.filters(), error ? failed(error, () => this.question.again()) : null, card('', this.list(data), { bare: true, key: 'list', label: 'Trades' })));
  }

  filters() {
    const symbols = this.store.get('status')?.symbols || [];
    return h('form', { class: 'filters', 'aria-label': 'Filter', on: { submit: (event) => event.preventDefault() } },
      this.select('symbol', 'Symbol', [['', 'All'], ...symbols.map((/** @type {string} */ name) => [name, name])]),
      this.select('side', 'Side', [['', 'Both'], ['Buy', 'Long'], ['Sell', 'Short']]),
      this.select('reason', 'Ended by', [['', 'Anything'], ...REASONS.map((reason) => [reason, closedBy(reason)])]),
      this.day('from', 'From'), this.day('to', 'Until'),
      Object.values(this.filter).some(Boolean) ? h('button', { type: 'button', class: 'button quiet', on: { click: () => this.change({ symbol: '', side: '', reason: '', from: '', to: '' }) } }, 'Clear') : null);
  }

  /** @param {string} name @param {string} label @param {any[]} choices */
  select(name, label, choices) {
    return h('div', { class: 'field', key: name }, h('label', { for: `filter-${name}` }, label),
      h('select', { class: 'input', id: `filter-${name}`, value: this.filter[name], on: { change: (event) => this.change({ [name]: /** @type {any} */ (event.target).value }) } }, choices.map(([value, text]) => h('option', { key: value, value }, text))));
  }

  /** @param {string} name @param {string} label */
  day(name, label) {
    return h('div', { class: 'field', key: name }, h('label', { for: `filter-${name}` }, label),
      h('input', { class: 'input', id: `filter-${name}`, type: 'date', value: this.filter[name], on: { change: (event) => this.change({ [name]: /** @type {any} */ (event.target).value }) } }));
  }

  /** @param {Record<string, string>} change */
  change(change) {
    Object.assign(this.filter, change);
    this.cursors = [''];
    this.ask();
    this.draw();
  }

  /** @param {any} data */
  list(data) {
    if (!data) return this.question.error ? null : h('div', { class: 'card-body' }, skeleton(9, 26));
    if (!data.items.length) {
      return Object.values(this.filter).some(Boolean) ? empty('No trade fits this filter', 'Change or clear the filter above.', 'info') : empty('No closed trade yet', 'A trade shows here when its position is flat again, with its costs and its reason.', 'file');
    }
    return [this.table(data.items), this.pages(data)];
  }

  /** @param {any[]} trades */
  table(trades) {
    return h('div', { class: 'table-wrap' }, h('table', { class: 'table cards trades', 'aria-label': 'Closed trades' },
      h('thead', {}, h('tr', {}, ['Closed', 'Trade', 'Entry', 'Exit', 'Held', 'Ended by', 'R', 'Result', ''].map((name, at) => h('th', { key: `${name}${at}`, scope: 'col', class: [2, 3, 6, 7].includes(at) ? 'num' : '' }, name)))),
      h('tbody', {}, trades.flatMap((trade) => [this.row(trade), this.opened === trade.trade_id ? h('tr', { key: `${trade.trade_id} more`, class: 'trade-more' }, h('td', { colspan: '9' }, tradeDetails(trade))) : null]))));
  }

  /** @param {any} trade */
  row(trade) {
    const isOpen = this.opened === trade.trade_id;
    const toggle = () => {
      this.opened = isOpen ? '' : trade.trade_id;
      this.draw();
    };
    /** @param {string} label @param {any} content @param {boolean} [num] */
    const cell = (label, content, num = false) => h('td', { 'data-label': label, class: num ? 'num' : '' }, h('span', {}, content));
    return h('tr', { key: trade.trade_id, class: 'hover trade-row', on: { click: toggle } },
      cell('Closed', h('time', { datetime: trade.exit_time, title: exact(trade.exit_time) }, dayTime(trade.exit_time))),
      cell('Trade', [sideWord(trade.direction), h('span', {}, ` ${trade.symbol}`)]),
      cell('Entry', price(trade.entry_price), true), cell('Exit', price(trade.exit_price), true),
      cell('Held', span((trade.duration_s ?? 0) * 1000)), cell('Ended by', closedBy(trade.closed_by)),
      cell('R', number(trade.r_multiple) === null ? NONE : h('span', { class: tone(trade.r_multiple) }, fixed(trade.r_multiple, 2, true)), true),
      cell('Result', h('strong', { class: tone(trade.pnl) }, money(trade.pnl, { signed: true })), true),
      h('td', { class: 'row-open' }, h('button', { type: 'button', class: `button quiet icon chevron ${isOpen ? 'open' : ''}`, 'aria-expanded': String(isOpen), 'aria-label': `Why ${trade.symbol} was entered and how it ended`, on: { click: (event) => { event.stopPropagation(); toggle(); } } }, icon('chevron'))));
  }

  /** @param {any} data */
  pages(data) {
    const first = (this.cursors.length - 1) * PAGE;
    if (!first && !data.next) return null;
    return h('div', { class: 'pages', key: 'pages' },
      h('button', { type: 'button', class: 'button', disabled: this.cursors.length === 1, on: { click: () => { this.cursors.pop(); this.ask(); } } }, 'Newer'),
      h('span', { class: 'small muted' }, `${first + 1} to ${first + data.items.length} of ${data.total}`),
      h('button', { type: 'button', class: 'button', disabled: !data.next, on: { click: () => { this.cursors.push(data.next); this.ask(); } } }, 'Older'));
  }

  async save() {
    try {
      const all = [];
      let cursor = '';
      do {
        const part = await get('trades', { ...this.filter, limit: 500, cursor });
        all.push(...part.items);
        cursor = part.next || '';
      } while (cursor);
      saveCsv('whalebot-trades.csv', all);
    } catch (error) {
      showToast({ id: 'csv', level: 'warning', title: 'The CSV was not made', text: told(error) });
    }
  }
}
