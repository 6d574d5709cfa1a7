// @ts-check
/** The frame around every page: navigation, the state of the daemon, commands, banners. */

import { COMMANDS, runCommand, usefulCommands } from './commands.js';
import { ROUTES, currentRoute } from './router.js';
import { openDialog } from './ui/dialog.js';
import { icon, logo } from './ui/icons.js';
import { badge } from './ui/parts.js';
import { preference, setPreference } from './ui/preferences.js';
import { switchTheme, theme } from './ui/theme.js';
import { zoneName } from './ui/times.js';
import { h } from './ui/vdom.js';
import { banners } from './banners.js';
import { modeWords, stateWords } from './words.js';

const TABS = ['/', '/positions', '/trades', '/performance'];

/**
 * @param {{store: import('./data/store.js').Store, main: (element: Element) => void, retry: () => void, redraw: () => void}} app
 */
export function shell(app) {
  const status = app.store.get('status');
  return h('div', { class: `frame ${status?.mode === 'live' && !status.read_only ? 'real-money' : ''}` }, side(app, status),
    h('div', { class: 'page-column' }, bar(app, status), h('div', { class: 'banners' }, banners(app.store, app.retry)),
      h('main', { id: 'main', class: 'page', tabindex: '-1', opaque: true, mount: app.main })),
    tabs(app, status));
}

/** @param {any} app @param {any} status */
function side(app, status) {
  const groups = [...new Set(ROUTES.map((route) => route.group))];
  return h('aside', { class: 'side' },
    h('a', { class: 'brand', href: '/', 'aria-label': 'Whalebot, dashboard' }, logo(), 'Whalebot'),
    h('nav', { class: 'nav', 'aria-label': 'Pages' }, groups.map((group) => [
      h('span', { class: 'nav-group', key: group }, group),
      ROUTES.filter((route) => route.group === group).map((route) => link(route, app)),
    ])),
    h('div', { class: 'side-foot' },
      h('div', { class: 'row' }, themeButton(app), zoneButton(app)),
      h('span', {}, status ? `Whalebot ${status.version}` : '')));
}

/** @param {import('./router.js').Route} route @param {any} app */
function link(route, app) {
  const count = countOf(route, app.store);
  return h('a', { key: route.path, class: 'nav-link', href: route.path, 'aria-current': currentRoute() === route ? 'page' : null },
    icon(route.icon), route.title, count ? h('span', { class: `nav-count ${route.path === '/history' ? 'warn' : ''}`, 'aria-label': count.label }, count.text) : null);
}

/** @param {import('./router.js').Route} route @param {import('./data/store.js').Store} store */
function countOf(route, store) {
  if (route.path === '/positions') {
    const open = Object.keys(store.get('positions') || {}).length;
    return open ? { text: String(open), label: `${open} open` } : null;
  }
  if (route.path !== '/history') return null;
  const waiting = Object.values(store.get('alerts') || {}).filter((alert) => alert.level === 'critical' && !alert.acknowledged).length;
  return waiting ? { text: String(waiting), label: `${waiting} to acknowledge` } : null;
}

/** @param {any} app */
function themeButton(app) {
  const isDark = theme() === 'dark';
  return h('button', { type: 'button', class: 'button quiet icon theme-switch', title: isDark ? 'Light' : 'Dark', 'aria-label': `Switch to the ${isDark ? 'light' : 'dark'} theme`, on: { click: () => { switchTheme(); app.redraw(); } } }, icon(isDark ? 'sun' : 'moon'));
}

/** @param {any} app */
function zoneButton(app) {
  const toUtc = preference('zone') !== 'utc';
  return h('button', { type: 'button', class: 'button quiet', title: `Show times in ${toUtc ? 'UTC' : 'your own zone'}`, 'aria-label': `Times are ${zoneName()}; show them in ${toUtc ? 'UTC' : 'your own zone'}`, on: { click: () => { setPreference('zone', toUtc ? 'utc' : 'local'); app.redraw(); } } }, icon('clock'), zoneName());
}

/** @param {any} app @param {any} status */
function bar(app, status) {
  return h('header', { class: 'bar' },
    h('a', { class: 'bar-brand', href: '/', 'aria-label': 'Whalebot, dashboard' }, logo()),
    h('div', { class: 'bar-state' }, status ? stateOf(app, status) : h('div', { class: 'skeleton', style: { width: '220px', height: '24px' } })),
    h('div', { class: 'bar-commands only-wide' }, usefulCommands(status).map((name) => commandButton(name, status))),
    usefulCommands(status).length ? h('button', { type: 'button', class: 'button only-phone', on: { click: () => openControls(status) } }, 'Control') : null);
}

/** @param {any} app @param {any} status */
function stateOf(app, status) {
  const mode = modeWords(status.mode, status);
  const state = stateWords(status);
  const isLive = app.store.get('link')?.state === 'live';
  return [
    h('span', { class: `badge ${mode.kind} mode-badge`, title: mode.words }, mode.text),
    badge(`${isLive ? state.tone : ''} state-badge`, [h('span', { class: `dot ${isLive ? state.tone : ''}` }), isLive ? state.text : `${state.text}?`]),
    h('span', { class: 'bar-words' }, isLive ? `${mode.words} · ${state.why}` : mode.words),
  ];
}

/** @param {import('./commands.js').CommandName} name @param {any} status @param {() => void} [before] */
function commandButton(name, status, before) {
  const command = COMMANDS[name];
  return h('button', { key: name, type: 'button', class: `button ${name === 'panic' ? 'danger' : ''}`, 'data-command': name, on: { click: () => { before?.(); runCommand(name, status); } } }, icon(command.icon), command.label);
}

/** @param {any} status */
function openControls(status) {
  const close = () => document.querySelector('dialog.sheet form')?.dispatchEvent(new Event('close'));
  openDialog({ title: 'Control', sheet: true, cancel: 'Close', name: 'controls', body: h('div', { class: 'sheet-list' }, usefulCommands(status).map((name) => commandButton(name, status, close))) });
}

/** @param {any} app @param {any} status */
function tabs(app, status) {
  const shown = ROUTES.filter((route) => TABS.includes(route.path));
  const isElsewhere = !TABS.includes(currentRoute().path);
  return h('nav', { class: 'tabs', 'aria-label': 'Pages' },
    shown.map((route) => h('a', { key: route.path, class: 'tab', href: route.path, 'aria-current': currentRoute() === route ? 'page' : null }, icon(route.icon), route.title)),
    h('button', { type: 'button', class: 'tab', 'aria-current': isElsewhere ? 'page' : null, on: { click: () => openMore(app, status) } }, icon('more'), 'More'));
}

/** @param {any} app @param {any} status */
function openMore(app, status) {
  const close = () => document.querySelector('dialog.sheet form')?.dispatchEvent(new Event('close'));
  const rest = ROUTES.filter((route) => !TABS.includes(route.path));
  openDialog({
    title: 'More', sheet: true, cancel: 'Close', name: 'more',
    body: h('div', { class: 'sheet-list', on: { click: close } }, rest.map((route) => link(route, app)),
      h('div', { class: 'sheet-row' }, themeButton(app), zoneButton(app), h('span', { class: 'tiny muted' }, status ? `Whalebot ${status.version}` : ''))),
  });
}
