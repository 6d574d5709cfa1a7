// @ts-check
/** Turns new warnings into messages in the corner; a critical one stays until it is acknowledged. The rest is read on its page. */

import { send } from './data/api.js';
import { told } from './data/problem.js';
import { hideToast, showToast } from './ui/toasts.js';

/** @param {import('./data/store.js').Store} store */
export function watchAlerts(store) {
  /** @type {Set<string> | null} */
  let seen = null;
  store.listen((changed) => {
    if (!changed.has('alerts')) return;
    const alerts = Object.values(store.get('alerts') || {});
    const old = seen;
    seen = new Set(alerts.map((alert) => alert.id));
    for (const alert of alerts) {
      if (alert.acknowledged) hideToast(`alert-${alert.id}`);
      else if (alert.level === 'critical' ? !old?.has(alert.id) : old && !old.has(alert.id)) show(alert);
    }
  });
}

/** @param {any} alert */
function show(alert) {
  const { level } = alert;
  if (level !== 'critical' && level !== 'warning') return;
  showToast({
    id: `alert-${alert.id}`,
    level,
    title: alert.title,
    text: alert.text,
    acknowledge: level === 'critical' ? () => acknowledge(alert.id) : undefined,
  });
}

/** @param {string} id */
export async function acknowledge(id) {
  try {
    await send('POST', `alerts/${encodeURIComponent(id)}/ack`);
    hideToast(`alert-${id}`);
  } catch (error) {
    showToast({ id: `ack-${id}`, level: 'warning', title: 'Not acknowledged', text: told(error) });
  }
}
