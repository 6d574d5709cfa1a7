// @ts-check
/** What happened: alerts to acknowledge, decisions in words, and the audit of commands and orders. */

import { acknowledge } from '../alerting.js';
import { Question } from '../data/question.js';
import { go } from '../router.js';
import { NONE, plain } from '../ui/format.js';
import { badge, card, empty, segments, skeleton, table } from '../ui/parts.js';
import { dateTime, exact } from '../ui/times.js';
import { decisionList } from '../ui/tellings.js';
import { h, render } from '../ui/vdom.js';
import { failed, head } from './head.js';

/** @type {[string, string][]} */
const TABS = [['alerts', 'Alerts'], ['decisions', 'Decisions'], ['audit', 'Audit']];
/** @type {[string, string][]} */
const LEVELS = [['', 'All'], ['warning', 'Warnings'], ['critical', 'Critical']];
const PAGE = 50;

/** @param {HTMLElement} element @param {any} context */
export function open(element, context) {
  const page = new History(element);
  page.ask();
  page.draw();
  return page;
}

class History {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    const asked = new URLSearchParams(location.search).get('tab') || '';
    this.tab = TABS.some(([name]) => name === asked) ? asked : 'alerts';
    this.level = '';
    this.cursors = [''];
    this.question = new Question(() => this.draw());
  }

  ask() {
    const level = this.tab === 'audit' ? undefined : this.level;
    this.question.ask(this.tab, { limit: PAGE, cursor: this.cursors[this.cursors.length - 1], level });
  }

  /** @param {Set<string>} changed */
  update(changed) {
    const isOwn = changed.has(this.tab) || (this.tab === 'audit' && changed.has('tick'));
    if (isOwn && this.cursors.length === 1) this.question.refresh(this.tab === 'audit' ? 5000 : 1500);
    if (changed.has('preferences')) this.draw();
  }

  /** @param {string} tab */
  choose(tab) {
    go(`/history?tab=${tab}`);
  }

  draw() {
    const { data, error } = this.question;
    render(this.element, head('Alerts & history', 'What needed somebody, what was decided, who commanded what.', segments('What', TABS, this.tab, (tab) => this.choose(tab))),
      h('div', { class: 'stack' }, this.tab === 'audit' ? null : h('div', { key: 'levels' }, segments('Level', LEVELS, this.level, (level) => { this.level = level; this.cursors = ['']; this.ask(); })),
        error ? failed(error, () => this.question.again()) : null,
        error && !data ? null : card('', this.list(data), { bare: true, key: this.tab, label: plain(this.tab) })));
  }

  /** @param {any} data */
  list(data) {
    if (!data) return h('div', { class: 'card-body' }, skeleton(8, 26));
    const items = data.items;
    const shown = this.tab === 'alerts' ? alerts(items, () => this.question.again()) : this.tab === 'decisions' ? decisionList(items) : audit(items);
    return [shown, this.pages(data)];
  }

  /** @param {any} data */
  pages(data) {
    if (this.cursors.length === 1 && !data.next) return null;
    return h('div', { class: 'pages', key: 'pages' },
      h('button', { type: 'button', class: 'button', disabled: this.cursors.length === 1, on: { click: () => { this.cursors.pop(); this.ask(); } } }, 'Newer'),
      h('button', { type: 'button', class: 'button', disabled: !data.next, on: { click: () => { this.cursors.push(data.next); this.ask(); } } }, 'Older'));
  }
}

/** @type {Record<string, string>} */
const TONES = { warning: 'warn', critical: 'bad' };

/** @param {any[]} items @param {() => void} again */
function alerts(items, again) {
  if (!items.length) return empty('No alerts', 'Whatever needs somebody is told here, and on the configured channels.', 'check');
  return table('Alerts', [
    { name: 'Time', cell: (row) => h('time', { datetime: row.time, title: exact(row.time), class: 'nowrap' }, dateTime(row.time)) },
    { name: 'Level', cell: (row) => badge(TONES[row.level] || '', plain(row.level), row.level === 'info' ? '' : 'panic') },
    { name: 'What', cell: (row) => [h('strong', {}, row.title), row.count > 1 ? h('span', { class: 'muted' }, ` (${row.count} times)`) : null, h('span', { class: 'small muted block' }, row.text)] },
    { name: '', num: true, cell: (row) => (row.acknowledged ? h('span', { class: 'tiny muted' }, 'acknowledged') : h('button', { type: 'button', class: 'button', on: { click: () => acknowledge(row.id).then(again) } }, 'Acknowledge')) },
  ], items, { key: (row) => row.id });
}

/** @param {any[]} items */
function audit(items) {
  if (!items.length) return empty('Nothing recorded yet', 'Commands, orders and changed settings are recorded here.', 'file');
  return table('Audit', [
    { name: 'Time', cell: (row) => h('time', { datetime: row.time, title: exact(row.time), class: 'nowrap' }, dateTime(row.time)) },
    { name: 'What', cell: (row) => h('strong', { class: 'nowrap' }, plain(row.kind)) },
    { name: 'By', cell: (row) => row.actor || NONE },
    { name: 'Facts', cell: (row) => Object.entries(row.fields || {}).map(([name, value]) => `${plain(name)} ${typeof value === 'object' ? JSON.stringify(value) : value}`).join(', ') },
    { name: 'Chained', cell: (row) => (row.hash ? h('code', { title: row.hash }, String(row.hash).slice(0, 10)) : NONE) },
  ], items, { key: (row) => row.id });
}
