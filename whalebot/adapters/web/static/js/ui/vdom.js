// @ts-check
/**
 * A small virtual tree: pages say what they look like, `render` changes only what differs.
 * Text becomes text nodes and nothing else, so no value can become markup.
 */

/**
 * @typedef {{tag: string, props: Record<string, any>, children: Child[], key: any, svg: boolean}} VNode
 * @typedef {VNode | string} Child
 */

const SVG = 'http://www.w3.org/2000/svg';
/** @type {WeakMap<Element, Child[]>} */
const drawn = new WeakMap();

/**
 * Describe an element. Props: `class`, `style` (object), `on` (object of listeners), `key`, `opaque`
 * (its inside belongs to somebody else), `mount` (called once with the element), else attributes.
 * @param {string} tag @param {Record<string, any> | null} [props] @param {...any} children
 * @returns {VNode}
 */
export function h(tag, props, ...children) {
  const own = props || {};
  return { tag, props: own, children: flatten(children, []), key: own.key, svg: false };
}

/** Describe an SVG element; as `h`. @param {string} tag @param {Record<string, any> | null} [props] @param {...any} children */
export function s(tag, props, ...children) {
  return { ...h(tag, props, ...children), svg: true };
}

/**
 * Make the inside of `parent` what `content` says.
 * @param {Element} parent @param {...any} content
 */
export function render(parent, ...content) {
  const next = flatten(content, []);
  patchChildren(parent, drawn.get(parent) || [], next);
  drawn.set(parent, next);
}

/** @param {any[]} found @param {Child[]} into @returns {Child[]} */
function flatten(found, into) {
  for (const item of found) {
    if (item === null || item === undefined || item === false || item === true) continue;
    if (Array.isArray(item)) flatten(item, into);
    else if (typeof item === 'object') into.push(item);
    else into.push(String(item));
  }
  return into;
}

/** @param {Child} child @returns {Node} */
function create(child) {
  if (typeof child === 'string') return document.createTextNode(child);
  const element = child.svg ? document.createElementNS(SVG, child.tag) : document.createElement(child.tag);
  setProps(element, {}, child.props);
  if (!child.props.opaque) for (const inner of child.children) element.appendChild(create(inner));
  if (child.props.value !== undefined) setProperty(element, 'value', child.props.value);
  if (child.props.mount) child.props.mount(element);
  return element;
}

/** @param {Element} parent @param {Child[]} before @param {Child[]} after */
function patchChildren(parent, before, after) {
  const nodes = Array.from(parent.childNodes);
  /** @type {Map<any, number>} */
  const keyed = new Map();
  before.forEach((child, at) => {
    if (typeof child !== 'string' && child.key !== undefined) keyed.set(child.key, at);
  });
  const used = new Set();
  const reserve = reusable(before, keyed);
  after.forEach((child, at) => {
    const from = match(child, before, keyed, reserve, used);
    const node = from === -1 ? create(child) : patch(/** @type {any} */ (nodes[from]), before[from], child);
    const there = parent.childNodes[at] || null;
    if (there !== node) parent.insertBefore(node, there);
  });
  before.forEach((_, at) => {
    if (!used.has(at) && nodes[at]?.parentNode === parent) parent.removeChild(nodes[at]);
  });
}

/** @param {Child[]} before @param {Map<any, number>} keyed @returns {number[]} */
function reusable(before, keyed) {
  const taken = new Set(keyed.values());
  return before.map((_, at) => at).filter((at) => !taken.has(at));
}

/**
 * @param {Child} child @param {Child[]} before @param {Map<any, number>} keyed @param {number[]} reserve
 * @param {Set<number>} used @returns {number}
 */
function match(child, before, keyed, reserve, used) {
  if (typeof child !== 'string' && child.key !== undefined) {
    const at = keyed.get(child.key);
    if (at === undefined || used.has(at) || !isAlike(before[at], child)) return -1;
    used.add(at);
    return at;
  }
  const place = reserve.findIndex((at) => isAlike(before[at], child));
  if (place === -1) return -1;
  const [at] = reserve.splice(place, 1);
  used.add(at);
  return at;
}

/** @param {Child} a @param {Child} b */
function isAlike(a, b) {
  if (typeof a === 'string' || typeof b === 'string') return typeof a === typeof b;
  return a.tag === b.tag && a.key === b.key;
}

/** @param {Element} node @param {Child} before @param {Child} after @returns {Node} */
function patch(node, before, after) {
  if (typeof after === 'string') {
    if (before !== after) node.nodeValue = after;
    return node;
  }
  const old = /** @type {VNode} */ (before);
  setProps(node, old.props, after.props);
  if (!after.props.opaque) patchChildren(node, old.children, after.children);
  return node;
}

/** @param {Element} node @param {Record<string, any>} before @param {Record<string, any>} after */
function setProps(node, before, after) {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (before[name] === after[name] || name === 'key' || name === 'mount' || name === 'opaque') continue;
    setProperty(node, name, after[name], before[name]);
  }
}

/** @param {any} node @param {string} name @param {any} value @param {any} [old] */
function setProperty(node, name, value, old) {
  if (name === 'on') setListeners(node, value || {});
  else if (name === 'style') setStyle(node, value || {}, old || {});
  else if (name === 'class') node.setAttribute('class', value || '');
  else if (name === 'value' || name === 'checked' || name === 'indeterminate') {
    if (node[name] !== value) node[name] = value;
  } else if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? '' : String(value));
}

/** @param {any} node @param {Record<string, any>} value @param {Record<string, any>} old */
function setStyle(node, value, old) {
  for (const name of Object.keys(old)) if (!(name in value)) node.style.removeProperty(name);
  for (const [name, text] of Object.entries(value)) node.style.setProperty(name, String(text));
}

/** @param {any} node @param {Record<string, (event: Event) => void>} listeners */
function setListeners(node, listeners) {
  const held = node.listenersHeld || (node.listenersHeld = {});
  for (const name of Object.keys(listeners)) {
    if (!(name in held)) node.addEventListener(name, (/** @type {Event} */ event) => held[name]?.(event));
  }
  for (const name of Object.keys(held)) if (!(name in listeners)) held[name] = undefined;
  Object.assign(held, listeners);
}
