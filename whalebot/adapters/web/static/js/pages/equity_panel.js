// @ts-check
/** The account's curve on the first page: since the start of this run, or the whole of a finished one. */

import { EquityChart } from '../charts/equity.js';
import { Question } from '../data/question.js';
import { money, tone } from '../ui/format.js';
import { card, empty } from '../ui/parts.js';
import { dayTime } from '../ui/times.js';
import { h } from '../ui/vdom.js';

const ASK_EVERY_MS = 5000;

export class EquityPanel {
  /** @param {import('../data/store.js').Store} store @param {() => void} redraw */
  constructor(store, redraw) {
    this.store = store;
    this.question = new Question(() => {
      this.show();
      redraw();
    });
    /** @type {EquityChart | null} */
    this.chart = null;
  }

  /** @param {Set<string>} [changed] */
  update(changed) {
    const status = this.store.get('status');
    if (!status) return;
    if (!this.question.path) this.question.ask(status.read_only ? 'performance' : 'account');
    else if (changed?.has('account') && !status.read_only) this.question.refresh(ASK_EVERY_MS);
  }

  end() {
    this.chart?.end();
  }

  /** @param {HTMLElement} element */
  mount(element) {
    this.chart?.end();
    this.chart = new EquityChart(element, { drawdown: false });
    this.show();
  }

  points() {
    const data = this.question.data;
    return data?.equity_curve ?? (Array.isArray(data?.equity) ? data.equity : []);
  }

  show() {
    const points = this.points();
    if (this.chart && points.length) this.chart.show(points, points[0].equity);
  }

  view() {
    const points = this.points();
    const isEmpty = points.length < 2;
    const last = points[points.length - 1];
    const change = isEmpty ? 0 : Number(last.equity) - Number(points[0].equity);
    const note = isEmpty ? null : ['since ', dayTime(points[0].time), ', last point ', dayTime(last.time)];
    return card('Equity', h('div', { class: 'chart-place' },
      h('div', { key: 'equity', class: 'chart small-chart live', opaque: true, role: 'img', 'aria-label': 'Equity over time', mount: (element) => this.mount(element) }),
      isEmpty ? h('div', { key: 'over', class: 'chart-over' }, this.question.data ? empty('No curve yet', 'It begins as the account is valued.', 'trades') : h('div', { class: 'skeleton chart-skeleton' })) : null),
    { key: 'equity-card', bare: true, note, right: isEmpty ? null : h('strong', { class: tone(change) }, `${money(change, { signed: true })} USDT`) });
  }
}
