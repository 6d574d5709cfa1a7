// @ts-check
/** The state everything is drawn from: named values, and listeners told a few times a second what changed. */

const PACE_MS = 200;

/** @typedef {(changed: Set<string>) => void} Listener */

export class Store {
  constructor() {
    /** @type {Record<string, any>} */
    this.values = {};
    /** @type {Set<Listener>} */
    this.listeners = new Set();
    /** @type {Set<string>} */
    this.changed = new Set();
    this.isDue = false;
    this.toldAt = 0;
  }

  /** @param {string} name */
  get(name) {
    return this.values[name];
  }

  /** @param {string} name @param {any} value */
  set(name, value) {
    if (Object.is(this.values[name], value)) return;
    this.values[name] = value;
    this.changed.add(name);
    if (this.isDue) return;
    this.isDue = true;
    setTimeout(() => this.tell(), Math.max(0, this.toldAt + PACE_MS - Date.now()));
  }

  /** Hear of changes until the returned function is called. @param {Listener} listener @returns {() => void} */
  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell() {
    const changed = this.changed;
    this.changed = new Set();
    this.isDue = false;
    this.toldAt = Date.now();
    for (const listener of [...this.listeners]) listener(changed);
  }
}
