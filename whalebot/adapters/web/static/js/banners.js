// @ts-check
/** What stands above every page when something is not as it should be: old data, a stopped daemon, read-only. */

import { clock, dateTime } from './ui/times.js';
import { icon } from './ui/icons.js';
import { span } from './ui/format.js';
import { h } from './ui/vdom.js';

/** @param {import('./data/store.js').Store} store @param {() => void} retry */
export function banners(store, retry) {
  const status = store.get('status');
  const link = store.get('link');
  return [lostLink(link, retry), link?.state === 'live' ? stalled(status) : null, readOnly(status), refusedFile(status), staleMarket(store, link)];
}

/** @param {any} link @param {() => void} retry */
function lostLink(link, retry) {
  if (!link || link.state === 'live' || (link.state === 'connecting' && link.heard === null)) return null;
  const now = Date.now();
  const wait = link.retryAt ? Math.max(0, link.retryAt - now) : 0;
  const again = link.refused ? `The server refused: ${link.refused}.` : wait > 500 ? `Trying again in ${span(wait)}.` : 'Trying again now.';
  const known = link.heard === null
    ? [h('strong', {}, 'Whalebot does not answer.'), ' It may be stopped, or this device is offline. ']
    : [h('strong', {}, `No connection to Whalebot for ${span(now - link.heard)}.`), ` What you see is from ${clock(link.heard)} and may be wrong now. Stops stay at the venue. `];
  return h('div', { key: 'lost', class: 'banner critical', role: 'alert', 'data-banner': 'lost' }, icon('offline'),
    h('span', {}, known, h('span', { class: 'muted' }, again)),
    h('button', { type: 'button', class: 'button', on: { click: retry } }, 'Try now'));
}

/** @param {any} status */
function stalled(status) {
  if (status?.state !== 'stalled') return null;
  return h('div', { key: 'stalled', class: 'banner critical', role: 'alert', 'data-banner': 'stalled' }, icon('panic'),
    h('span', {}, h('strong', {}, 'The trading loop does not move.'), ' The figures are its last ones. Stops stay at the venue; look at the Health page and the log.'));
}

/** @param {any} status */
function readOnly(status) {
  if (!status?.read_only) return null;
  const what = status.kind === 'backtest' ? 'A finished backtest.' : 'The files of a daemon that is not running.';
  return h('div', { key: 'read-only', class: 'banner', 'data-banner': 'read-only' }, icon('file'),
    h('span', {}, h('strong', {}, what), ' Read only: nothing here moves, and nothing can be commanded.', status.market_time ? ` It ends at ${dateTime(status.market_time)}.` : ''));
}

/** @param {any} status */
function refusedFile(status) {
  if (!status?.config_refused) return null;
  return h('div', { key: 'config', class: 'banner', 'data-banner': 'config' }, icon('info'),
    h('span', {}, h('strong', {}, 'config.json was refused at the last reload.'), ' The settings before it stay in force; the log names what is wrong.'));
}

/** @param {import('./data/store.js').Store} store @param {any} link */
function staleMarket(store, link) {
  const status = store.get('status');
  if (link?.state !== 'live' || !status || status.read_only || status.state === 'starting' || status.state === 'stalled') return null;
  const stale = Object.values(store.get('signals') || {}).filter((signal) => signal.stale).map((signal) => signal.symbol);
  const down = (status.streams || []).filter((/** @type {any} */ stream) => !stream.up).map((/** @type {any} */ stream) => stream.name);
  if (!stale.length && !down.length) return null;
  const what = down.length ? `The ${down.join(' and ')} stream${down.length > 1 ? 's are' : ' is'} down.` : `No fresh prices of ${stale.join(', ')}.`;
  return h('div', { key: 'market', class: 'banner', role: 'status', 'data-banner': 'market' }, icon('clock'),
    h('span', {}, h('strong', {}, what), ' Prices shown are the last known ones; no entry is made on old data.'));
}
