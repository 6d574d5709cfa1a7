// @ts-check
/** Requests to the server: the envelope opened, refusals as `Problem`, the token where it is needed. */

import { Problem, offlineProblem, problemOf } from './problem.js';
import { askToken, forgetToken, heldToken } from './token.js';

const BASE = '/api/v1/';
/** @type {Map<string, {etag: string, data: any}>} */
const kept = new Map();

/** Read something. @param {string} path @param {Record<string, any>} [query] @returns {Promise<any>} */
export async function get(path, query = {}) {
  const address = `${BASE}${path}${search(query)}`;
  const held = kept.get(address);
  const response = await exchange(address, { headers: held ? { 'If-None-Match': held.etag } : {} });
  if (response.status === 304 && held) return held.data;
  const body = await opened(response);
  const etag = response.headers.get('ETag');
  if (etag) keep(address, etag, body.data);
  return body.data;
}

/** Change something; asks for the token once. @param {string} method @param {string} path @param {any} [body] @returns {Promise<any>} */
export async function send(method, path, body) {
  if (!heldToken() && !(await askToken())) throw new Problem({ status: 401, title: 'Nothing was sent: no token was given.', code: 'no_token' });
  const response = await exchange(`${BASE}${path}`, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body ?? {}),
  });
  return (await opened(response)).data;
}

/** @param {string} address @param {RequestInit} init @returns {Promise<Response>} */
async function exchange(address, init) {
  const response = await attempt(address, init);
  if (response.status !== 401) return response;
  const isWrong = Boolean(heldToken());
  forgetToken();
  const reason = isWrong ? 'That token was refused. It is not the one this server uses.' : '';
  if (!(await askToken(reason))) return response;
  return exchange(address, init);
}

/** @param {string} address @param {RequestInit} init @returns {Promise<Response>} */
async function attempt(address, init) {
  const token = heldToken();
  const headers = { ...init.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  try {
    return await fetch(address, { ...init, headers, cache: 'no-store', credentials: 'same-origin' });
  } catch {
    throw offlineProblem();
  }
}

/** The body of an answer; health tells its data with a 503 as well. @param {Response} response @returns {Promise<any>} */
async function opened(response) {
  const isAnswer = response.ok || (response.headers.get('Content-Type') || '').startsWith('application/json');
  if (!isAnswer) throw await problemOf(response);
  return response.json();
}

/** @param {string} address @param {string} etag @param {any} data */
function keep(address, etag, data) {
  kept.delete(address);
  kept.set(address, { etag, data });
  const oldest = kept.keys().next().value;
  if (kept.size > 40 && oldest !== undefined) kept.delete(oldest);
}

/** @param {Record<string, any>} query @returns {string} */
function search(query) {
  const parts = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  if (!parts.length) return '';
  return `?${new URLSearchParams(parts.map(([name, value]) => [name, String(value)]))}`;
}
