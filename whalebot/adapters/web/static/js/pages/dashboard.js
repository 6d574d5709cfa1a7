// @ts-check
/** The first page: is it running, what does it hold, where is the stop, what did it earn today, why did it enter. */

import { EquityPanel } from './equity_panel.js';
import { MarketPanel } from './market_panel.js';
import { glance } from './glance.js';
import { breakdown, gauge } from '../ui/breakdown.js';
import { NONE, score, tone } from '../ui/format.js';
import { card, empty, segments, skeleton } from '../ui/parts.js';
import { preference, setPreference } from '../ui/preferences.js';
import { positionCard } from '../ui/position_card.js';
import { decisionList, limitList, streamList } from '../ui/tellings.js';
import { tradeList } from '../ui/trade_list.js';
import { dayTime } from '../ui/times.js';
import { h, render } from '../ui/vdom.js';
import { groupName } from '../words.js';

const DECISIONS = 6;
const TRADES = 8;

/** @param {HTMLElement} element @param {any} context */
export function open(element, context) {
  const page = new Dashboard(element, context);
  page.update();
  return page;
}

class Dashboard {
  /** @param {HTMLElement} element @param {any} context */
  constructor(element, context) {
    this.element = element;
    this.store = context.store;
    this.context = context;
    this.symbol = '';
    this.panel = new MarketPanel(context.store, () => this.draw());
    this.equity = new EquityPanel(context.store, () => this.draw());
  }

  /** @param {Set<string>} [changed] */
  update(changed) {
    this.choose();
    this.panel.update(changed);
    this.equity.update(changed);
    this.draw();
  }

  end() {
    this.panel.end();
    this.equity.end();
  }

  /** The symbol its owner looked at last, else the one held, else the first. */
  choose() {
    const symbols = this.store.get('status')?.symbols || [];
    if (!symbols.length || symbols.includes(this.symbol)) return;
    const held = Object.keys(this.store.get('positions') || {})[0];
    this.look([preference('symbol'), held].find((name) => symbols.includes(name)) || symbols[0]);
  }

  /** @param {string} symbol */
  look(symbol) {
    this.symbol = symbol;
    this.context.follow(symbol);
    this.panel.look(symbol);
  }

  draw() {
    const store = this.store;
    const status = store.get('status');
    const positions = Object.values(store.get('positions') || {});
    render(this.element,
      h('h1', { class: 'unseen' }, 'Dashboard'),
      h('div', { class: 'stack' },
        glance(store),
        status?.read_only ? this.ended(status) : this.running(status, positions),
        h('div', { class: 'grid-2 live', key: 'rest' },
          card('Last trades', store.get('trades') ? tradeList(store.get('trades'), TRADES) : h('div', { class: 'card-body' }, skeleton(6, 22)), { bare: true, right: h('a', { href: '/trades', class: 'small' }, 'All') }),
          card('Recent decisions', this.decisions(), { bare: true, right: h('a', { href: '/history?tab=decisions', class: 'small' }, 'All') }))));
  }

  /** @param {any} status @param {any[]} positions */
  running(status, positions) {
    const account = this.store.get('account');
    return h('div', { class: 'grid-main', key: 'running' },
      h('div', { class: 'stack' }, this.panel.view(this.symbols(status)), this.equity.view()),
      h('div', { class: 'stack live' },
        positions.map((position) => positionCard(position)),
        this.scoreNow(),
        card('Guardrails', account ? limitList(account.limits) : skeleton(6), { key: 'limits' }),
        card('Streams', status ? streamList(status.streams) : skeleton(3), { key: 'streams' })));
  }

  /** Of a run that is over there is no score, no stream and no limit to watch. @param {any} status */
  ended(status) {
    return h('div', { class: 'stack', key: 'ended' }, this.panel.isBare() ? null : this.panel.view(this.symbols(status)), this.equity.view());
  }

  /** @param {any} status */
  symbols(status) {
    const symbols = status?.symbols || [];
    if (symbols.length < 2) return null;
    return segments('Symbol', symbols.map((/** @type {string} */ name) => [name, name]), this.symbol, (name) => {
      setPreference('symbol', name);
      this.look(name);
      this.draw();
    });
  }

  scoreNow() {
    const signal = (this.store.get('signals') || {})[this.symbol];
    const hovered = this.panel.hovered();
    const shown = hovered || signal;
    const title = hovered ? `Score at ${dayTime(hovered.time)}` : 'Score of the last bar';
    if (!this.store.get('signals')) return card('Score', skeleton(9));
    if (!shown || shown.score === null) {
      const waits = signal?.warming?.length ? `Still warming up: ${signal.warming.map(groupName).join(', ')}.` : 'The first closed bar brings it.';
      return card('Score', empty('No score yet', waits, 'signals'));
    }
    return card(title, [
      h('div', { class: 'score-head' }, h('span', { class: `score-value ${tone(shown.score)}` }, score(shown.score)), h('span', { class: 'muted small' }, shown.signal || NONE)),
      gauge(shown.score, shown.threshold),
      shown.breakdown?.length ? breakdown(shown.breakdown, 10) : null,
    ], { key: 'score' });
  }

  decisions() {
    const known = this.store.get('decisions');
    if (!known) return h('div', { class: 'card-body' }, skeleton(6, 30));
    return decisionList(newest(known).slice(0, DECISIONS));
  }
}

/** @param {Record<string, any>} byId @returns {any[]} newest first */
export function newest(byId) {
  return Object.values(byId).sort((a, b) => Number(b.id) - Number(a.id));
}
