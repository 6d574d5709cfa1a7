// @ts-check
/** Dark and light: the system's, unless its owner chose one. */

import { preference, setPreference } from './preferences.js';

const SYSTEM = window.matchMedia('(prefers-color-scheme: light)');
/** @type {Set<() => void>} */
const listeners = new Set();

/** @returns {'dark' | 'light'} */
export function theme() {
  const chosen = preference('theme');
  if (chosen === 'dark' || chosen === 'light') return chosen;
  return SYSTEM.matches ? 'light' : 'dark';
}

export function applyTheme() {
  document.documentElement.dataset.theme = theme();
  for (const listener of listeners) listener();
}

export function switchTheme() {
  setPreference('theme', theme() === 'dark' ? 'light' : 'dark');
  applyTheme();
}

/** @param {() => void} listener @returns {() => void} */
export function onTheme(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The value of a colour of the sheet. @param {string} name @returns {string} */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

SYSTEM.addEventListener('change', applyTheme);
