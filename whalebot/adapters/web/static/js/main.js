// @ts-check
/** Starts the page: reads the status, opens the stream, draws the frame and the page asked for. */

import { get } from './data/api.js';
import { Store } from './data/store.js';
import { Stream } from './data/stream.js';
import { heldToken } from './data/token.js';
import { watchAlerts } from './alerting.js';
import { catchLinks, currentRoute } from './router.js';
import { shell } from './shell.js';
import { empty } from './ui/parts.js';
import { applyTheme, onTheme } from './ui/theme.js';
import { h, render } from './ui/vdom.js';

const TOPICS = ['status', 'account', 'positions', 'orders', 'signals', 'decisions', 'alerts', 'trades', 'system'];
const store = new Store();
const stream = new Stream(store, heldToken);
const root = /** @type {HTMLElement} */ (document.getElementById('app'));
/** @type {HTMLElement | null} */
let main = null;
/** @type {{update?: (changed: Set<string>) => void, end?: () => void} | null} */
let page = null;
let opening = 0;

const app = {
  store,
  main: (/** @type {Element} */ element) => {
    main = /** @type {HTMLElement} */ (element);
  },
  retry: () => stream.retryNow(),
  redraw: () => {
    drawFrame();
    tellPage(new Set(['preferences']));
  },
};

const context = {
  store,
  /** Follow the market of one symbol besides the general topics. @param {string | null} symbol */
  follow: (symbol) => stream.want(symbol ? [...TOPICS, `market.${symbol}`] : TOPICS),
};

function drawFrame() {
  document.body.classList.toggle('is-stale', isStale());
  render(root, shell(app));
}

function isStale() {
  const link = store.get('link');
  return link?.heard !== null && link?.state !== 'live';
}

/** A page that fails must not stand there as if it were fresh. @param {Set<string>} changed */
function tellPage(changed) {
  try {
    page?.update?.(changed);
  } catch (error) {
    failPage(error);
  }
}

/** @param {unknown} error */
function failPage(error) {
  page?.end?.();
  page = null;
  const again = h('button', { type: 'button', class: 'button', on: { click: () => openPage() } }, 'Open it again');
  const inside = document.createElement('div');
  main?.replaceChildren(inside);
  render(inside, empty('This page cannot be shown', 'It met something it does not understand. The daemon goes on trading; the other pages and the terminal tell how it stands.', 'panic', again));
  console.error(error);
}

async function openPage() {
  const route = currentRoute();
  const ticket = (opening += 1);
  const module = await route.load();
  if (ticket !== opening || !main) return;
  page?.end?.();
  context.follow(null);
  main.replaceChildren();
  const inside = document.createElement('div');
  main.append(inside);
  document.title = `${route.title} · Whalebot`;
  try {
    page = module.open(inside, context);
  } catch (error) {
    failPage(error);
  }
  drawFrame();
  window.scrollTo(0, 0);
}

async function begin() {
  root.replaceChildren();
  applyTheme();
  drawFrame();
  catchLinks();
  watchAlerts(store);
  store.listen((changed) => {
    drawFrame();
    tellPage(changed);
  });
  onTheme(() => tellPage(new Set(['theme'])));
  window.addEventListener('popstate', () => {
    drawFrame();
    openPage().then(() => main?.focus({ preventScroll: true }));
  });
  setInterval(() => {
    drawFrame();
    tellPage(new Set(['tick']));
  }, 1000);
  await openPage();
  await firstStatus();
  stream.want(TOPICS);
  stream.connect();
}

/** Where reads need a token, this is where it is asked for. */
async function firstStatus() {
  try {
    store.set('status', await get('status'));
  } catch {
    // The stream says why there is nothing, and goes on trying.
  }
}

begin();
