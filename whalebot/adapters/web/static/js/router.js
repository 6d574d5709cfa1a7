// @ts-check
/** Which page an address means; moving between pages without loading. */

/** @typedef {{path: string, title: string, icon: string, group: string, load: () => Promise<any>}} Route */

/** @type {Route[]} */
export const ROUTES = [
  { path: '/', title: 'Dashboard', icon: 'dashboard', group: 'Trading', load: () => import('./pages/dashboard.js') },
  { path: '/positions', title: 'Positions', icon: 'positions', group: 'Trading', load: () => import('./pages/positions.js') },
  { path: '/trades', title: 'Trades', icon: 'file', group: 'Trading', load: () => import('./pages/trades.js') },
  { path: '/performance', title: 'Performance', icon: 'trades', group: 'Trading', load: () => import('./pages/performance.js') },
  { path: '/signals', title: 'Signals', icon: 'signals', group: 'Markets', load: () => import('./pages/signals.js') },
  { path: '/scanner', title: 'Scanner', icon: 'scanner', group: 'Markets', load: () => import('./pages/scanner.js') },
  { path: '/history', title: 'Alerts & history', icon: 'alerts', group: 'Daemon', load: () => import('./pages/history.js') },
  { path: '/health', title: 'Health', icon: 'health', group: 'Daemon', load: () => import('./pages/health.js') },
  { path: '/settings', title: 'Settings', icon: 'settings', group: 'Daemon', load: () => import('./pages/settings.js') },
];

/** @returns {Route} */
export function currentRoute() {
  const path = location.pathname.replace(/\/+$/, '') || '/';
  return ROUTES.find((route) => route.path === path) || ROUTES[0];
}

/** @param {string} address path with its query */
export function go(address) {
  if (address === location.pathname + location.search) return;
  history.pushState(null, '', address);
  window.dispatchEvent(new PopStateEvent('popstate'));
}

/** Make every link inside the page move without loading. */
export function catchLinks() {
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a[href^="/"]') : null;
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download') || link.dataset.plain !== undefined) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
