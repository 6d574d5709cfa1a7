// @ts-check
/** One question to the server whose last answer is kept; the newest asking wins. */

import { get } from './api.js';

export class Question {
  /** @param {() => void} redraw told when an answer or an error came */
  constructor(redraw) {
    this.redraw = redraw;
    /** @type {any} */
    this.data = null;
    /** @type {unknown} */
    this.error = null;
    this.ticket = 0;
    this.askedAt = 0;
    this.path = '';
    /** @type {Record<string, any>} */
    this.query = {};
  }

  /** @param {string} path @param {Record<string, any>} [query] */
  async ask(path, query = {}) {
    const ticket = (this.ticket += 1);
    Object.assign(this, { path, query, askedAt: Date.now() });
    try {
      const data = await get(path, query);
      if (ticket !== this.ticket) return;
      this.data = data;
      this.error = null;
    } catch (error) {
      if (ticket !== this.ticket) return;
      this.error = error;
    }
    this.redraw();
  }

  again() {
    return this.ask(this.path, this.query);
  }

  /** Ask again where the last asking is older. @param {number} ms */
  refresh(ms) {
    if (this.path && Date.now() - this.askedAt > ms) this.again();
  }
}
