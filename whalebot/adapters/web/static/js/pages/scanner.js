// @ts-check
/** The table of the scan that writes beside this server: ranked, sorted and filtered here, asked for every few seconds. */

import { Problem, told } from '../data/problem.js';
import { Question } from '../data/question.js';
import { fixed, percent, span } from '../ui/format.js';
import { icon } from '../ui/icons.js';
import { badge, card, empty, segments, skeleton, stat } from '../ui/parts.js';
import { dateTime } from '../ui/times.js';
import { h, render } from '../ui/vdom.js';
import { intervalName } from '../words.js';
import { failed, head } from './head.js';
import { scanDetail, scanEvents } from './scanner_detail.js';
import { COLUMNS, filtered, scanTable, sorted } from './scanner_table.js';

const EVERY_MS = 3000;
const ABSENT_MS = 5000;
const STALE_MS = 15000;
const EVENTS = 15;
const FIRST_ROWS = 100;
/** @type {[string, string][]} */
const SIGNALS = [['', 'All'], ['any', 'Signals'], ['Long', 'Long'], ['Short', 'Short']];

/** @param {HTMLElement} element @param {any} context */
export function open(element, context) {
  const page = new Scanner(element, context.store);
  page.table.ask('scanner');
  page.draw();
  return page;
}

class Scanner {
  /** @param {HTMLElement} element @param {import('../data/store.js').Store} store */
  constructor(element, store) {
    this.element = element;
    this.store = store;
    this.filter = { text: '', signal: '', confidence: '' };
    this.sort = { key: 'rank', up: true };
    this.opened = new URLSearchParams(location.search).get('symbol') || '';
    this.isWhole = false;
    this.cursors = [''];
    this.seen = { data: null, at: 0 };
    this.table = new Question(() => this.heard());
    this.events = new Question(() => this.draw());
    this.detail = new Question(() => this.draw());
  }

  get isAbsent() {
    return this.table.error instanceof Problem && this.table.error.code === 'no_scanner';
  }

  /** The rest is asked for once there is a table. */
  heard() {
    if (!this.isAbsent && !this.events.path) this.askEvents();
    if (!this.isAbsent && this.opened && !this.detail.path) this.show(this.opened);
    else this.draw();
  }

  /** @param {Set<string>} changed */
  update(changed) {
    if (changed.has('tick') && document.visibilityState === 'visible') {
      this.table.refresh(this.isAbsent ? ABSENT_MS : EVERY_MS);
      if (!this.isAbsent && this.cursors.length === 1) this.events.refresh(EVERY_MS);
      if (!this.isAbsent && this.opened) this.detail.refresh(EVERY_MS);
    }
    if (changed.has('tick') || changed.has('preferences') || changed.has('status')) this.draw();
  }

  /** How old the table is now, ms; it grows while no new one can be had. */
  age() {
    const { data } = this.table;
    if (data !== this.seen.data) this.seen = { data, at: Date.now() };
    return data ? data.run.age_s * 1000 + Date.now() - this.seen.at : 0;
  }

  draw() {
    const { data, error } = this.table;
    const age = this.age();
    const { isAbsent } = this;
    const shown = isAbsent ? null : data;
    render(this.element,
      head('Scanner', 'Many symbols judged by eleven small rules and ranked. It only looks; it never trades.', shown ? runWords(shown.run, age) : null),
      isAbsent ? card('', absent(this.store.get('status'))) : null,
      error && !isAbsent && !data ? card('', failed(error, () => this.table.again())) : null,
      !error && !data ? card('', skeleton(10, 24)) : null,
      shown ? this.inside(shown, age, error) : null);
  }

  /** @param {any} data @param {number} age @param {unknown} error */
  inside(data, age, error) {
    const isOld = data.run.state === 'ended' || data.run.stale || age > STALE_MS;
    return h('div', { class: `stack scan ${isOld ? 'is-old' : ''}` },
      error ? notice('scan-error', 'offline', 'The table cannot be read just now.', told(error)) : isOld ? oldNotice(data.run, age, this.store.get('status')) : null,
      breadth(data), this.list(data),
      card('Last signals', this.past(), { bare: true, key: 'events', note: 'of every run kept in this folder, market time' }));
  }

  /** @param {any} data */
  list(data) {
    const found = sorted(filtered(data.rows, this.filter), this.sort);
    const rows = this.isWhole ? found : found.slice(0, FIRST_ROWS);
    const more = found.length - rows.length;
    const count = found.length === data.rows.length ? `${found.length} symbols` : `${found.length} of ${data.rows.length} symbols`;
    const hint = data.left_out ? `${count}; ${data.left_out} more have no room` : count;
    return card('Ranking', [this.filters(), h('p', { class: 'sr-only', role: 'status' }, hint),
      rows.length ? scanTable(rows, this.sort, (key) => this.order(key), this.opened, (symbol) => this.show(symbol === this.opened ? '' : symbol), () => scanDetail(this.detail, data.run))
        : empty('No symbol fits this filter', 'Change or clear the filter above.', 'info'),
      more ? h('div', { class: 'pages', key: 'more' }, h('button', { type: 'button', class: 'button', on: { click: () => { this.isWhole = true; this.draw(); } } }, `Show ${more} more`)) : null],
    { bare: true, key: 'list', note: hint });
  }

  filters() {
    const isOn = Object.values(this.filter).some(Boolean);
    return h('form', { class: 'scan-filters', 'aria-label': 'Filter', on: { submit: (event) => event.preventDefault() } },
      h('div', { class: 'field grow' }, h('label', { for: 'scan-text' }, 'Symbol, signal, confidence or status'),
        h('input', { class: 'input', id: 'scan-text', type: 'search', autocomplete: 'off', spellcheck: 'false', placeholder: 'BTC, long high, stale', value: this.filter.text, on: { input: (event) => this.change({ text: /** @type {any} */ (event.target).value }) } })),
      h('div', { class: 'field' }, h('label', { for: 'scan-confidence' }, 'Confidence'),
        h('select', { class: 'input', id: 'scan-confidence', value: this.filter.confidence, on: { change: (event) => this.change({ confidence: /** @type {any} */ (event.target).value }) } },
          [['', 'Any'], ['Medium', 'Medium and up'], ['High', 'High']].map(([value, text]) => h('option', { key: value, value }, text)))),
      h('div', { class: 'field scan-sort' }, h('label', { for: 'scan-sort' }, 'Sorted by'),
        h('select', { class: 'input', id: 'scan-sort', value: this.sort.key, on: { change: (event) => this.order(/** @type {any} */ (event.target).value) } },
          COLUMNS.map((column) => h('option', { key: column.key, value: column.key }, column.long || column.title)))),
      segments('Signal', SIGNALS, this.filter.signal, (signal) => this.change({ signal })),
      isOn ? h('button', { type: 'button', class: 'button quiet', on: { click: () => this.change({ text: '', signal: '', confidence: '' }) } }, 'Clear') : null);
  }

  past() {
    const { data, error } = this.events;
    if (!data) return h('div', { class: 'card-body' }, error ? failed(error, () => this.events.again()) : skeleton(5, 24));
    const isPaged = this.cursors.length > 1 || data.next;
    return [scanEvents(data.items), isPaged ? h('div', { class: 'pages', key: 'pages' },
      h('button', { type: 'button', class: 'button', disabled: this.cursors.length === 1, on: { click: () => { this.cursors.pop(); this.askEvents(); } } }, 'Newer'),
      h('button', { type: 'button', class: 'button', disabled: !data.next, on: { click: () => { this.cursors.push(data.next); this.askEvents(); } } }, 'Older')) : null];
  }

  askEvents() {
    this.events.ask('scanner/events', { limit: EVENTS, cursor: this.cursors[this.cursors.length - 1] });
  }

  /** @param {Partial<typeof this.filter>} change */
  change(change) {
    Object.assign(this.filter, change);
    this.isWhole = false;
    this.draw();
  }

  /** The same column again turns the order round. @param {string} key */
  order(key) {
    const isUp = COLUMNS.find((column) => column.key === key)?.up ?? false;
    this.sort = { key, up: key === this.sort.key ? !this.sort.up : isUp };
    this.draw();
  }

  /** @param {string} symbol "" closes */
  show(symbol) {
    this.opened = symbol;
    this.detail = new Question(() => this.draw());
    if (symbol) this.detail.ask(`scanner/${encodeURIComponent(symbol)}`);
    this.draw();
  }
}

/** @param {any} run @param {number} age */
function runWords(run, age) {
  const intervals = run.intervals.map(intervalName).join(', ');
  return [
    run.simulated ? badge('simulated', 'Simulated market') : null,
    badge('', `${intervals} bars`),
    run.state === 'ended' ? badge('warn', 'Ended', 'flat') : age > STALE_MS ? badge('warn', `Silent for ${span(age)}`, 'clock') : badge('good', [h('span', { class: 'dot good' }), `Running · ${span(age)} old`]),
  ];
}

/** @param {any} data */
function breadth(data) {
  const { breadth: found, statuses, run } = data;
  const others = statuses.filter((/** @type {any} */ item) => item.name !== 'live').map((/** @type {any} */ item) => `${item.count} ${item.name}`).join(', ');
  return h('div', { class: 'stats', role: 'group', 'aria-label': 'The market as a whole', key: 'breadth' },
    stat('Long', [icon('up'), String(found.long)], 'signals', found.long ? 'gain' : ''),
    stat('Short', [icon('down'), String(found.short)], 'signals', found.short ? 'loss' : ''),
    stat('No signal', String(found.none), others || 'every symbol live'),
    stat('Above EMA', percent(found.above_ema, 0), 'of all symbols'),
    stat('Median RSI', fixed(found.median_rsi, 1), 'of all symbols'),
    stat('Market time', h('span', { class: 'scan-time' }, dateTime(run.event_time)), run.source));
}

/** @param {any} run @param {number} age @param {any} status */
function oldNotice(run, age, status) {
  if (run.state === 'ended') return notice('scan-ended', 'clock', 'This scan has ended.', `Its last table is ${span(age)} old. To go on: `, command(status));
  return notice('scan-stale', 'clock', `The scanner has written nothing for ${span(age)}.`, 'It may have been stopped or hang; the figures are its last ones. To start it: ', command(status));
}

/** @param {string} name @param {string} sign @param {string} title @param {string} text @param {any} [more] */
function notice(name, sign, title, text, more = null) {
  return h('div', { key: name, class: 'banner scan-banner', role: 'status', 'data-banner': name }, icon(sign), h('span', {}, h('strong', {}, title), ' ', text, more));
}

/** @param {any} status */
function command(status) {
  const folder = String(status?.folder || 'DIR');
  const isPlain = /^[\w@%+=:,./-]+$/.test(folder);
  return h('code', { class: 'command' }, `whalebot scan --all --dir ${isPlain ? folder : `'${folder.replaceAll("'", "'\\''")}'`}`);
}

/** @param {any} status */
function absent(status) {
  return empty('No scan has written here yet', 'The scanner is a program of its own: it watches many symbols, ranks them, and places no orders. Start it in a terminal; this page then fills by itself.', 'scanner', command(status));
}
