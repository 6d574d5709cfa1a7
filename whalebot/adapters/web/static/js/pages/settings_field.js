// @ts-check
/** One setting: how its value is written, read back, checked, and typed. */

import { h } from '../ui/vdom.js';

const NULL = 'null';

/** A value as text. @param {any} value @param {boolean} [toType] for an input, where nothing is an empty text @returns {string} */
export function shown(value, toType = false) {
  if (value === null || value === undefined) return toType ? '' : 'none';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** @param {any} field */
function isText(field) {
  return field.type === 'string' || typeof (field.value ?? field.default) === 'string';
}

/** @param {any} field */
function isNumber(field) {
  return field.type === 'number' || field.type === 'integer';
}

/** What a text means for the server. @param {any} field @param {string} text @returns {any} */
export function parsed(field, text) {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed === NULL) return null;
  if (field.type === 'boolean') return trimmed === 'true';
  if (isNumber(field)) return Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
  if (isText(field)) return trimmed;
  try {
    return JSON.parse(trimmed);
  } catch {
    return trimmed;
  }
}

/** @param {any} field @param {string} text */
export function isSame(field, text) {
  return text === shown(field.value, true) || JSON.stringify(parsed(field, text)) === JSON.stringify(field.value);
}

/** What is wrong with a text, "" where nothing is seen; the server checks the rest. @param {any} field @param {string} text @returns {string} */
export function check(field, text) {
  const value = parsed(field, text);
  if (value === null && field.nullable === false) return 'A value is needed here.';
  if (!isNumber(field) || value === null) return '';
  if (typeof value !== 'number') return `"${text}" is not a number.`;
  if (field.type === 'integer' && !Number.isInteger(value)) return 'A whole number is needed.';
  if (field.minimum !== null && (field.exclusive_minimum ? value <= field.minimum : value < field.minimum)) return `Must be ${field.exclusive_minimum ? 'above' : 'at least'} ${field.minimum}.`;
  if (field.maximum !== null && value > field.maximum) return `Must be at most ${field.maximum}.`;
  return '';
}

/**
 * @param {any} field @param {string} text @param {boolean} isWrong @param {boolean} isLocked
 * @param {(text: string) => void} type told what was typed
 */
export function control(field, text, isWrong, isLocked, type) {
  const id = `setting-${field.path}`;
  if (field.secret) return h('span', { class: 'small muted', id }, field.value ? '•••••• hidden' : 'not set');
  const own = { id, class: 'input', disabled: isLocked, 'aria-invalid': isWrong ? 'true' : null, 'aria-describedby': isWrong ? `${id}-error` : `${id}-words` };
  const change = { on: { change: (/** @type {Event} */ event) => type(/** @type {any} */ (event.target).value) } };
  if (field.type === 'boolean') return select(own, [['true', 'On'], ['false', 'Off']], text, change);
  if (field.choices?.length) return select(own, field.choices.map((/** @type {any} */ choice) => [String(choice), String(choice)]), text, change);
  const input = { on: { input: (/** @type {Event} */ event) => type(/** @type {any} */ (event.target).value) } };
  return h('input', { ...own, ...input, key: 'input', type: 'text', inputmode: isNumber(field) ? 'decimal' : 'text', autocomplete: 'off', spellcheck: 'false', value: text, placeholder: 'none' });
}

/** @param {any} own @param {[string, string][]} choices @param {string} text @param {any} change */
function select(own, choices, text, change) {
  return h('select', { ...own, ...change, key: 'select', value: text }, text === '' ? h('option', { key: '', value: '' }, 'none') : null, choices.map(([value, word]) => h('option', { key: value, value }, word)));
}
