// @ts-check
/** The bearer token: asked for once, kept for this tab alone. */

import { openDialog } from '../ui/dialog.js';
import { h } from '../ui/vdom.js';

const PLACE = 'whalebot.token';
/** @type {Promise<string> | null} */
let asking = null;

/** @returns {string} */
export function heldToken() {
  return sessionStorage.getItem(PLACE) || '';
}

export function forgetToken() {
  sessionStorage.removeItem(PLACE);
}

/**
 * Ask for the token; "" where its owner gave none. Several callers share one dialog.
 * @param {string} [reason] why it is asked again @returns {Promise<string>}
 */
export function askToken(reason = '') {
  asking ||= ask(reason).finally(() => {
    asking = null;
  });
  return asking;
}

/** @param {string} reason @returns {Promise<string>} */
async function ask(reason) {
  const given = await openDialog({
    title: 'Token needed',
    name: 'token',
    body: [
      reason ? h('p', { class: 'field-error', role: 'alert' }, reason) : null,
      h('p', { class: 'muted small' }, 'Whatever changes something needs the token of this server, and from another machine reading does too. It is ', h('code', {}, 'web.token'), ' of its configuration; where none is configured, the daemon made one in ', h('code', {}, 'state/web.token'), ' of its folder.'),
      h('div', { class: 'field' },
        h('label', { for: 'token-input' }, 'Token'),
        h('input', { class: 'input mono', id: 'token-input', name: 'token', type: 'password', autocomplete: 'off', required: true, autofocus: true })),
      h('p', { class: 'tiny muted' }, 'Kept in this tab until it is closed.'),
    ],
    accept: 'Use token',
  });
  const token = String(given?.token || '').trim();
  if (token) sessionStorage.setItem(PLACE, token);
  return token;
}
