// @ts-check
/** Short messages in the corner: gone after five seconds, but a critical one stays until it is acknowledged. */

import { icon } from './icons.js';
import { h, render } from './vdom.js';

const SHOWN_MS = 5000;

/** @typedef {{id: string, level: 'info' | 'warning' | 'critical', title: string, text?: string, acknowledge?: () => void}} Toast */

/** @type {Map<string, Toast>} */
const shown = new Map();

/** @param {Toast} toast */
export function showToast(toast) {
  const isNew = !shown.has(toast.id);
  shown.set(toast.id, toast);
  draw();
  if (isNew && toast.level !== 'critical') setTimeout(() => hideToast(toast.id), SHOWN_MS);
}

/** @param {string} id */
export function hideToast(id) {
  if (shown.delete(id)) draw();
}

function draw() {
  const place = document.getElementById('toasts');
  if (place) render(place, [...shown.values()].slice(-5).map(view));
}

/** @param {Toast} toast */
function view(toast) {
  return h('div', { key: toast.id, class: `toast ${toast.level}`, role: toast.level === 'info' ? 'status' : 'alert', 'data-id': toast.id },
    icon(toast.level === 'info' ? 'info' : 'panic'),
    h('div', {}, h('strong', {}, toast.title), toast.text ? h('p', {}, toast.text) : null),
    toast.acknowledge
      ? h('button', { type: 'button', class: 'button', on: { click: toast.acknowledge } }, 'Acknowledge')
      : h('button', { type: 'button', class: 'button quiet icon', 'aria-label': 'Close message', on: { click: () => hideToast(toast.id) } }, icon('cross')));
}
