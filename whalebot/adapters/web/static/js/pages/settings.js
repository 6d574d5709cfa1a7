// @ts-check
/** The configuration in force, and checked changes to it: errors at the field, the difference before it is applied. */

import { get, send } from '../data/api.js';
import { Problem, told } from '../data/problem.js';
import { openDialog } from '../ui/dialog.js';
import { plain } from '../ui/format.js';
import { badge, card, empty, skeleton } from '../ui/parts.js';
import { showToast } from '../ui/toasts.js';
import { h, render } from '../ui/vdom.js';
import { failed, head } from './head.js';
import { check, control, isSame, parsed, shown } from './settings_field.js';

/** @param {HTMLElement} element @param {any} context */
export function open(element, context) {
  const page = new Settings(element, context.store);
  page.load();
  page.draw();
  return page;
}

class Settings {
  /** @param {HTMLElement} element @param {import('../data/store.js').Store} store */
  constructor(element, store) {
    this.element = element;
    this.store = store;
    /** @type {any} */
    this.data = null;
    /** @type {unknown} */
    this.error = null;
    this.search = '';
    /** @type {Map<string, string>} what was typed, by path */
    this.typed = new Map();
    /** @type {Map<string, string>} */
    this.problems = new Map();
    this.isBusy = false;
  }

  async load() {
    try {
      this.data = await get('config');
      this.error = null;
    } catch (error) {
      this.error = error;
    }
    this.draw();
  }

  /** @param {Set<string>} changed */
  update(changed) {
    if (changed.has('status')) this.draw();
  }

  /** @returns {any[]} fields whose typed value differs from the one in force */
  changed() {
    return (this.data?.fields || []).filter((/** @type {any} */ field) => this.typed.has(field.path) && !isSame(field, this.typed.get(field.path) ?? ''));
  }

  draw() {
    const fields = (this.data?.fields || []).filter((/** @type {any} */ field) => field.path !== '$schema');
    const words = this.search.toLowerCase().split(/\s+/).filter(Boolean);
    const found = fields.filter((/** @type {any} */ field) => words.every((word) => `${field.path} ${field.description}`.toLowerCase().replaceAll('_', ' ').includes(word.replaceAll('_', ' '))));
    const groups = [...new Set(found.map(groupOf))];
    render(this.element, head('Settings', this.data ? [h('code', {}, this.data.file), ', fingerprint ', h('code', {}, String(this.data.config_hash).slice(0, 12))] : '\u00a0', this.searchBox()),
      h('div', { class: 'stack settings' }, this.error ? failed(this.error, () => this.load()) : null,
        this.data || this.error ? null : card('', skeleton(12, 30), { key: 'wait' }),
        this.data && !found.length ? card('', empty('No setting matches', 'Search for part of a name or of what it means.', 'settings'), { key: 'none' }) : null,
        groups.map((group) => card(groupTitle(group), found.filter((/** @type {any} */ field) => groupOf(field) === group).map((/** @type {any} */ field) => this.row(field)), { key: group, bare: true })),
        this.bar()));
  }

  searchBox() {
    return h('input', { class: 'input search', type: 'search', placeholder: 'Search settings', 'aria-label': 'Search settings', value: this.search, on: { input: (event) => { this.search = /** @type {HTMLInputElement} */ (event.target).value; this.draw(); } } });
  }

  /** @param {any} field */
  row(field) {
    const typed = this.typed.get(field.path);
    const problem = this.problems.get(field.path) || (typed === undefined ? '' : check(field, typed));
    const isChanged = typed !== undefined && !isSame(field, typed);
    const id = `setting-${field.path}`;
    return h('div', { key: field.path, class: `setting ${isChanged ? 'changed' : ''}`, 'data-path': field.path },
      h('div', { class: 'setting-words' }, h('label', { for: id, class: 'setting-name' }, h('code', {}, field.path)),
        h('p', { class: 'small muted', id: `${id}-words` }, field.description),
        h('p', { class: 'tiny muted' }, [field.allowed ? `Allowed: ${field.allowed}` : '', `default ${shown(field.default)}`, field.applies === 'restart' ? 'needs a restart' : 'applies at the next bar'].filter(Boolean).join(' · '))),
      h('div', { class: 'setting-value' },
        control(field, typed ?? shown(field.value, true), Boolean(problem), this.isLocked(field), (text) => this.type(field, text)),
        field.unit ? h('span', { class: 'tiny muted' }, plain(field.unit)) : null,
        problem ? h('p', { class: 'field-error', id: `${id}-error`, role: 'alert' }, problem) : null));
  }

  /** @param {any} field */
  isLocked(field) {
    return !field.editable || field.secret || Boolean(this.store.get('status')?.read_only);
  }

  /** @param {any} field @param {string} text */
  type(field, text) {
    this.problems.delete(field.path);
    if (isSame(field, text)) this.typed.delete(field.path);
    else this.typed.set(field.path, text);
    this.draw();
  }

  bar() {
    const changed = this.changed();
    if (!changed.length) return null;
    const wrong = changed.filter((field) => check(field, this.typed.get(field.path) ?? '') || this.problems.has(field.path));
    return h('div', { key: 'bar', class: 'settings-bar', role: 'region', 'aria-label': 'Changes' },
      h('strong', {}, `${changed.length} ${changed.length === 1 ? 'change' : 'changes'}`), wrong.length ? badge('bad', `${wrong.length} to mend`, 'cross') : null,
      h('div', { class: 'right' },
        h('button', { type: 'button', class: 'button quiet', on: { click: () => this.discard() } }, 'Discard'),
        h('button', { type: 'button', class: 'button primary', disabled: this.isBusy || wrong.length > 0, on: { click: () => this.review() } }, 'Review changes')));
  }

  discard() {
    this.typed.clear();
    this.problems.clear();
    this.draw();
  }

  /** @param {boolean} isTrial @returns {Promise<any>} */
  async put(isTrial) {
    const changes = Object.fromEntries(this.changed().map((field) => [field.path, parsed(field, this.typed.get(field.path) ?? '')]));
    this.isBusy = true;
    this.draw();
    try {
      return await send('PUT', 'config', { changes, dry_run: isTrial });
    } catch (error) {
      this.refused(error);
      return null;
    } finally {
      this.isBusy = false;
      this.draw();
    }
  }

  /** @param {unknown} error */
  refused(error) {
    if (error instanceof Problem && error.code === 'no_token') return;
    const problems = error instanceof Problem ? error.problems : [];
    for (const { path, text } of problems) this.problems.set(path, text);
    const elsewhere = problems.filter(({ path }) => !this.typed.has(path)).map(({ path, text }) => `${path}: ${text}`).join(' ');
    showToast({ id: `config-${Date.now()}`, level: 'warning', title: 'Nothing was changed', text: elsewhere || (problems.length ? 'The fields say what is wrong.' : told(error)) });
    this.draw();
    this.element.querySelector('[aria-invalid="true"]')?.scrollIntoView({ block: 'center' });
  }

  async review() {
    const trial = await this.put(true);
    if (!trial) return;
    const answer = await openDialog({ title: 'Apply these changes?', name: 'config', wide: true, accept: trial.needs_restart.length ? 'Write the file' : 'Apply', body: difference(trial) });
    if (!answer) return;
    const done = await this.put(false);
    if (!done) return;
    showToast({ id: `config-${Date.now()}`, level: 'info', title: done.applied ? 'Applied at the next bar' : 'Written', text: done.message });
    this.typed.clear();
    this.problems.clear();
    await this.load();
  }
}

/** @param {any} field */
function groupOf(field) {
  return field.path.includes('.') ? field.path.split('.')[0] : '';
}

/** @param {string} group */
function groupTitle(group) {
  const words = plain(group || 'general');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {any} trial */
function difference(trial) {
  return [
    trial.needs_restart.length ? h('p', { class: 'small warn-text' }, `${trial.needs_restart.join(', ')} need a restart: the file is written, and the running daemon keeps all its settings until then.`) : null,
    h('div', { class: 'diff' }, trial.changes.map((/** @type {any} */ change) => h('div', { key: change.path, class: 'diff-row' }, h('code', {}, change.path),
      h('span', {}, h('del', {}, change.before), h('span', { class: 'muted' }, ' → '), h('ins', {}, change.after)), h('span', { class: 'tiny muted' }, change.applies === 'restart' ? 'after a restart' : 'at the next bar')))),
  ];
}
