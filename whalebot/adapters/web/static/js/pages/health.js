// @ts-check
/** How the machine itself does: streams, checks, the loop, queues, disk, the server. */

import { Question } from '../data/question.js';
import { NONE, bytes, fixed, milliseconds, number, plain, span } from '../ui/format.js';
import { badge, card, empty, facts, skeleton, stat, table } from '../ui/parts.js';
import { streamList } from '../ui/tellings.js';
import { dateTime, ms } from '../ui/times.js';
import { h, render } from '../ui/vdom.js';
import { failed, head } from './head.js';

const ASK_EVERY_MS = 5000;
/** @type {Record<string, [string, string, string]>} */
const STATES = { ok: ['good', 'All well', 'check'], degraded: ['warn', 'Degraded', 'panic'], down: ['bad', 'Down', 'cross'] };

/** @param {HTMLElement} element @param {any} context */
export function open(element, context) {
  const page = new Health(element, context.store);
  page.ask();
  page.draw();
  return page;
}

class Health {
  /** @param {HTMLElement} element @param {import('../data/store.js').Store} store */
  constructor(element, store) {
    this.element = element;
    this.store = store;
    this.health = new Question(() => this.draw());
    this.speed = new Question(() => this.draw());
  }

  ask() {
    this.health.ask('health');
    this.speed.ask('system/performance');
  }

  /** @param {Set<string>} changed */
  update(changed) {
    if (changed.has('tick') && this.store.get('link')?.state === 'live') {
      this.health.refresh(ASK_EVERY_MS);
      this.speed.refresh(ASK_EVERY_MS);
    }
    if (changed.has('system') || changed.has('preferences') || changed.has('status')) this.draw();
  }

  draw() {
    const health = this.health.data;
    const system = this.store.get('system') || this.speed.data;
    const status = this.store.get('status');
    const [tone, word, sign] = STATES[health?.status] || ['', health ? plain(health.status) : NONE, ''];
    render(this.element, head('Health', health?.reasons?.length ? health.reasons.join('; ') : 'The machine, not the money.', health ? badge(tone, word, sign) : null),
      h('div', { class: 'stack live' }, this.health.error ? failed(this.health.error, () => this.ask()) : null,
        system ? sums(system, health, status) : h('div', { key: 'sums', class: 'skeleton', style: { height: '92px' } }),
        h('div', { class: 'grid-2', key: 'one' }, card('Streams', status ? streamList(status.streams) : skeleton(3)), card('Checks', health ? checks(health.checks || []) : skeleton(4))),
        h('div', { class: 'grid-2', key: 'two' }, card('Loop', system ? loop(system.loop) : skeleton(5)), card('Queues', system ? queues(system.queues || []) : skeleton(4), { bare: Boolean(system) })),
        h('div', { class: 'grid-2', key: 'three' }, card('Venue', status ? venue(status) : skeleton(4)), card('Refused entries', status ? refusals(status.refusals || []) : skeleton(4))),
        this.speed.data?.api?.length ? card('This server', endpoints(this.speed.data.api), { bare: true, key: 'api', note: `${this.speed.data.stream_clients ?? 0} dashboards attached` }) : null));
  }
}

/** @param {any} system @param {any} health @param {any} status */
function sums(system, health, status) {
  const machine = system.health || {};
  const loop = system.loop || {};
  const started = ms(status?.started);
  return h('div', { class: 'stats', key: 'sums' },
    stat('Loop, p99', microseconds(loop.p99_us), 'for one event'),
    stat('Last event', milliseconds(health?.last_event_age_ms), 'ago'),
    stat('Processor', number(machine.cpu_pct) === null ? NONE : `${fixed(machine.cpu_pct, 1)} %`, 'of one core'),
    stat('Memory', bytes(machine.rss_bytes), number(machine.threads) === null ? null : `${machine.threads} threads, ${machine.fds ?? NONE} files`),
    stat('Free disk', bytes(machine.disk_free_bytes), 'where the daemon writes'),
    stat('Up for', status?.read_only || started === null ? NONE : span(Date.now() - started), started === null ? null : `since ${dateTime(status.started)}`));
}

/** @param {any} us */
function microseconds(us) {
  const found = number(us);
  if (found === null) return NONE;
  return found < 1000 ? `${fixed(found, 0)} µs` : milliseconds(found / 1000);
}

/** @param {any[]} checks */
function checks(checks) {
  if (!checks.length) return empty('No checks', 'They are made while the daemon runs.', 'health');
  return h('ul', { class: 'checks' }, checks.map((check) => h('li', { key: check.name, class: 'check' },
    h('span', {}, plain(check.name), check.detail ? h('span', { class: 'tiny muted block' }, check.detail) : null),
    check.healthy ? badge('good', 'Well', 'check') : badge(check.required ? 'bad' : 'warn', check.required ? 'Failed' : 'Not well', 'cross'))));
}

/** @param {any} loop */
function loop(loop) {
  if (!loop) return empty('Not measured', 'The loop is measured while the daemon runs.', 'clock');
  return facts([
    ['Events handled', fixed(loop.events, 0)], ['Mean', microseconds(loop.mean_us)], ['Median', microseconds(loop.p50_us)], ['p99', microseconds(loop.p99_us)],
    ['Slowest', [microseconds(loop.max_us), loop.slowest ? h('span', { class: 'muted' }, ` (${loop.slowest})`) : null]], ['Slow ones', fixed(loop.slow, 0)],
  ]);
}

/** @param {any[]} queues */
function queues(queues) {
  if (!queues.length) return empty('No queues', 'They are measured while the daemon runs.', 'clock');
  return table('Queues', [
    { name: 'Queue', cell: (row) => h('strong', {}, plain(row.name)) },
    { name: 'Waiting', num: true, cell: (row) => fixed(row.depth, 0) },
    { name: 'At most', num: true, cell: (row) => fixed(row.high_water, 0) },
    { name: 'Superseded', num: true, cell: (row) => fixed(row.dropped, 0) },
  ], queues, { key: (row) => row.name });
}

/** @param {any} status */
function venue(status) {
  const difference = number(status.books_difference);
  return facts([
    ['Last compared with the venue', dateTime(status.reconciled)],
    ['Clock against the venue', number(status.clock_offset_ms) === null ? NONE : `${fixed(status.clock_offset_ms, 0, true)} ms`],
    ["The venue's log of the last day", status.books_checked ? (difference ? h('span', { class: 'warn-text' }, `differs by ${status.books_difference} USDT`) : 'agrees') : 'not compared yet'],
    ['Market time', dateTime(status.market_time)],
    ['Folder', h('code', {}, status.folder || NONE)],
  ]);
}

/** @param {any[]} refusals */
function refusals(refusals) {
  if (!refusals.length) return empty('None refused', 'Entries that a guardrail refused are counted here, by rule.', 'check');
  return facts(refusals.map((item) => [plain(item.rule), fixed(item.count, 0)]));
}

/** @param {any[]} rows */
function endpoints(rows) {
  return table('Requests to this server', [
    { name: 'Request', cell: (row) => h('code', {}, row.endpoint) },
    { name: 'Count', num: true, cell: (row) => fixed(row.count, 0) },
    { name: 'Median', num: true, cell: (row) => milliseconds(row.p50_ms) },
    { name: 'p99', num: true, cell: (row) => milliseconds(row.p99_ms) },
    { name: 'Errors', num: true, cell: (row) => fixed(row.errors, 0) },
  ], [...rows].sort((a, b) => b.count - a.count).slice(0, 14), { key: (row) => row.endpoint });
}
