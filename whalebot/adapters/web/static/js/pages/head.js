// @ts-check
/** A page's heading, and what it shows while it waits or where a question failed. */

import { empty } from '../ui/parts.js';
import { told } from '../data/problem.js';
import { h } from '../ui/vdom.js';

/** @param {string} title @param {any} note @param {any} [right] */
export function head(title, note, right = null) {
  return h('div', { class: 'page-head' }, h('div', {}, h('h1', {}, title), h('p', {}, note)), right ? h('div', { class: 'page-tools' }, right) : null);
}

/** @param {unknown} error @param {() => void} retry */
export function failed(error, retry) {
  return empty('This could not be read', told(error), 'offline', h('button', { type: 'button', class: 'button', on: { click: retry } }, 'Try again'));
}
