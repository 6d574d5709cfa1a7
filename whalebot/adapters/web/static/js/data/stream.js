// @ts-check
/** The one live connection: snapshot, then deltas, per topic; it reconnects for ever and says how it stands. */

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30000;
const SILENCE_MS = 20000;

/**
 * @typedef {{state: 'connecting' | 'live' | 'offline', heard: number | null, retryAt: number | null, refused: string}} Link
 * `heard` is the local time of the last message, `retryAt` of the next attempt, ms; both survive a loss.
 */

export class Stream {
  /**
   * @param {import('./store.js').Store} store topics are stored under their own names, the link as "link"
   * @param {() => string} token what to send where reads need a token; "" for none
   */
  constructor(store, token) {
    this.store = store;
    this.token = token;
    /** @type {Set<string>} */
    this.topics = new Set();
    /** @type {Map<string, number>} */
    this.seqs = new Map();
    /** @type {WebSocket | null} */
    this.socket = null;
    this.attempts = 0;
    /** @type {number | undefined} */
    this.timer = undefined;
    /** @type {number | undefined} */
    this.watchdog = undefined;
    /** @type {Link} */
    this.link = { state: 'connecting', heard: null, retryAt: null, refused: '' };
    window.addEventListener('online', () => this.retryNow());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.retryNow();
    });
  }

  /** @param {string[]} topics */
  want(topics) {
    const fresh = topics.filter((topic) => !this.topics.has(topic));
    const gone = [...this.topics].filter((topic) => !topics.includes(topic));
    this.topics = new Set(topics);
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    if (gone.length) this.say({ op: 'unsubscribe', topics: gone });
    for (const topic of gone) this.seqs.delete(topic);
    if (fresh.length) this.subscribe(fresh);
  }

  connect() {
    clearTimeout(this.timer);
    this.drop();
    this.tell({ state: this.link.heard === null ? 'connecting' : this.link.state, retryAt: null });
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/api/v1/stream`);
    this.socket = socket;
    this.seqs.clear();
    socket.onopen = () => this.subscribe([...this.topics]);
    socket.onmessage = (event) => this.hear(event.data);
    socket.onclose = (event) => this.lost(socket, event.code === 1008 ? event.reason || 'refused' : '');
    this.watch();
  }

  retryNow() {
    if (this.link.state === 'live') return;
    this.attempts = 0;
    this.connect();
  }

  /** @param {string[]} topics */
  subscribe(topics) {
    const token = this.token();
    this.say({ op: 'subscribe', topics, ...(token ? { token } : {}) });
  }

  /** @param {any} message */
  say(message) {
    this.socket?.send(JSON.stringify(message));
  }

  /** @param {string} text */
  hear(text) {
    this.attempts = 0;
    this.watch();
    this.tell({ state: 'live', heard: Date.now(), retryAt: null, refused: '' });
    const message = JSON.parse(text);
    if (message.type === 'snapshot') {
      this.seqs.set(message.topic, message.seq);
      this.store.set(message.topic, message.data);
    } else if (message.type === 'delta') this.apply(message);
  }

  /** @param {{topic: string, seq: number, set?: Record<string, any>, gone?: string[]}} delta */
  apply({ topic, seq, set, gone }) {
    const last = this.seqs.get(topic);
    if (last === undefined || seq !== last + 1) {
      this.seqs.delete(topic);
      this.say({ op: 'unsubscribe', topics: [topic] });
      this.subscribe([topic]);
      return;
    }
    this.seqs.set(topic, seq);
    const next = { ...this.store.get(topic), ...set };
    for (const key of gone || []) delete next[key];
    this.store.set(topic, next);
  }

  /** @param {WebSocket} socket @param {string} refused */
  lost(socket, refused) {
    if (socket !== this.socket) return;
    clearTimeout(this.watchdog);
    this.socket = null;
    const ceiling = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.attempts);
    const wait = Math.max(FIRST_WAIT_MS, ceiling * (0.5 + Math.random() / 2));
    this.attempts += 1;
    this.tell({ state: 'offline', retryAt: Date.now() + wait, refused });
    this.timer = setTimeout(() => this.connect(), wait);
  }

  /** A connection that says nothing is as bad as none: heartbeats come every 15 s. */
  watch() {
    clearTimeout(this.watchdog);
    const socket = this.socket;
    this.watchdog = setTimeout(() => {
      if (socket) this.lost(socket, '');
      socket?.close();
    }, SILENCE_MS);
  }

  drop() {
    const old = this.socket;
    this.socket = null;
    if (old) old.close();
  }

  /** @param {Partial<Link>} change */
  tell(change) {
    this.link = { ...this.link, ...change };
    this.store.set('link', this.link);
  }
}
