// @ts-check
/** What this browser remembers of its owner's taste. Nothing secret. */

/** @type {Record<string, string>} */
const DEFAULTS = { theme: 'system', zone: 'local', timeframe: '', symbol: '' };
const PREFIX = 'whalebot.';

/** @param {string} name @returns {string} */
export function preference(name) {
  try {
    return localStorage.getItem(PREFIX + name) ?? DEFAULTS[name] ?? '';
  } catch {
    return DEFAULTS[name] ?? '';
  }
}

/** @param {string} name @param {string} value */
export function setPreference(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}
