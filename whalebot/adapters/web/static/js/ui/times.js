// @ts-check
/** Times as people read them, in the zone they chose: their own, or UTC. */

import { NONE } from './format.js';
import { preference } from './preferences.js';

/** @returns {string | undefined} */
function zone() {
  return preference('zone') === 'utc' ? 'UTC' : undefined;
}

/** The zone's short name, for a label. @returns {string} */
export function zoneName() {
  if (zone() === 'UTC') return 'UTC';
  const parts = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' }).formatToParts(new Date());
  return parts.find((part) => part.type === 'timeZoneName')?.value || 'local time';
}

/** @param {any} value ISO text or ms @param {Intl.DateTimeFormatOptions} how */
function told(value, how) {
  if (value === null || value === undefined || value === '') return NONE;
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return NONE;
  return new Intl.DateTimeFormat('en-GB', { timeZone: zone(), hourCycle: 'h23', ...how }).format(date);
}

/** @param {any} value */
export function dateTime(value) {
  return told(value, { day: '2-digit', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' });
}

/** @param {any} value */
export function dayTime(value) {
  return told(value, { day: '2-digit', month: 'short', hour: '2-digit', minute: '2-digit' });
}

/** @param {any} value */
export function clock(value) {
  return told(value, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

/** @param {any} value */
export function date(value) {
  return told(value, { day: '2-digit', month: 'short', year: 'numeric' });
}

/** ms UTC of a time of the wire, null where there is none. @param {any} value @returns {number | null} */
export function ms(value) {
  if (value === null || value === undefined || value === '') return null;
  const found = new Date(value).getTime();
  return Number.isNaN(found) ? null : found;
}

/** The whole time in UTC, for a tooltip. @param {any} value @returns {string | undefined} */
export function exact(value) {
  const found = ms(value);
  return found === null ? undefined : new Date(found).toISOString();
}
