// @ts-check
/** Lists that tell: decisions in words, streams, guardrails. */

import { fixed, number, plain } from './format.js';
import { icon } from './icons.js';
import { badge, empty } from './parts.js';
import { dayTime, exact } from './times.js';
import { h } from './vdom.js';

/** @type {Record<string, string>} */
const SIGNS = { refused: 'cross', closed: 'check', exit: 'check', entry: 'up', stop: 'flat', alert: 'alerts' };

/** @param {any} decision */
function signOf(decision) {
  if (decision.level === 'critical' || decision.level === 'warning') return 'panic';
  const found = Object.keys(SIGNS).find((word) => String(decision.kind).includes(word));
  return found ? SIGNS[found] : 'info';
}

/** @param {any[]} decisions newest first */
export function decisionList(decisions) {
  if (!decisions.length) return empty('Nothing decided yet', 'Entries, exits, moved stops and refusals are told here as they happen.', 'clock');
  return h('ol', { class: 'tellings' }, decisions.map((decision) => h('li', { key: decision.id, class: `telling ${decision.level}` },
    h('span', { class: 'telling-sign' }, icon(signOf(decision))),
    h('div', {}, h('p', {}, decision.symbol ? h('strong', {}, `${decision.symbol} `) : null, decision.text),
      h('p', { class: 'tiny muted' }, h('time', { datetime: decision.time, title: exact(decision.time) }, dayTime(decision.time)), ` · ${plain(decision.kind)}`)))));
}

/** @param {any[]} streams */
export function streamList(streams) {
  if (!streams.length) return empty('No streams', 'Nothing is received in this mode.', 'offline');
  return h('ul', { class: 'checks' }, streams.map((stream) => h('li', { key: stream.name, class: 'check' },
    h('span', {}, plain(stream.name), stream.detail ? h('span', { class: 'tiny muted block' }, stream.detail) : null),
    stream.up ? badge('good', 'Connected', 'check') : badge('bad', 'Down', 'cross'))));
}

/** @type {Record<string, [string, string, string]>} tone, word and sign of a limit's state */
const STATES = { ok: ['', 'ok', ''], near: ['warn', 'near its limit', 'panic'], reached: ['bad', 'reached', 'panic'] };

/** @param {any[]} limits */
export function limitList(limits) {
  if (!limits.length) return empty('No limits', 'Guardrails are told while the daemon runs.', 'info');
  return h('ul', { class: 'limits' }, limits.map((limit) => {
    const value = number(limit.value);
    const most = number(limit.limit);
    const share = value === null || !most ? 0 : Math.max(0, Math.min(1, value / most));
    const [tone, word, sign] = STATES[limit.state] || STATES.ok;
    const unit = limit.unit && limit.unit !== 'count' ? ` ${limit.unit}` : '';
    return h('li', { key: limit.name, class: 'limit' },
      h('span', { class: 'limit-name' }, limit.label || plain(limit.name)),
      h('span', { class: 'limit-value' }, value === null ? '–' : shortly(value), h('span', { class: 'muted' }, ` of ${most === null ? 'no limit' : `${shortly(most)}${unit}`}`)),
      h('span', { class: `meter ${tone}`, role: 'meter', 'aria-valuemin': '0', 'aria-valuemax': most, 'aria-valuenow': value ?? 0, 'aria-label': `${limit.label || plain(limit.name)}: ${word}` }, h('span', { style: { width: `${share * 100}%` } })),
      tone ? badge(tone, word, sign) : null);
  }));
}

/** @param {number} value */
function shortly(value) {
  return Number.isInteger(value) ? fixed(value, 0) : fixed(value, 2);
}
