// @ts-check
/** Pause, resume, flatten, panic: what they do, the question before, the answer after. */

import { send } from './data/api.js';
import { Problem, told } from './data/problem.js';
import { openDialog } from './ui/dialog.js';
import { h } from './ui/vdom.js';
import { showToast } from './ui/toasts.js';

/** @typedef {'pause' | 'resume' | 'flatten' | 'panic'} CommandName */

/** @type {Record<CommandName, {label: string, icon: string, title: string, effects: string[], accept: string, danger: boolean, word?: string, done: string}>} */
export const COMMANDS = {
  pause: {
    label: 'Pause', icon: 'pause', title: 'Pause new entries?', accept: 'Pause entries', danger: false,
    effects: ['No new position is opened until you resume; a restart does not end the pause.', 'Open positions stay, with their stops; exits go on working.'],
    done: 'Paused: no new entries until resumed.',
  },
  resume: {
    label: 'Resume', icon: 'play', title: 'Allow entries again?', accept: 'Resume entries', danger: false,
    effects: ['The next signal that passes every guardrail may open a position.', 'A pause that a guardrail set is lifted as well.'],
    done: 'Resumed: entries are allowed again.',
  },
  flatten: {
    label: 'Flatten', icon: 'flatten', title: 'Close every position?', accept: 'Close positions', danger: true,
    effects: ['Every open position is closed at the market price, now.', 'Entries stay allowed: the next signal may open a new position.'],
    done: 'Closing every position.',
  },
  panic: {
    label: 'Panic', icon: 'panic', title: 'Panic: close everything and stop?', accept: 'Close everything', danger: true, word: 'PANIC',
    effects: ['Working entries are cancelled and every position is closed at the market price, now.', 'No new entry until you resume, whatever the signals say.'],
    done: 'Closing everything; no entries until resumed.',
  },
};

/** Ask, send, say what came of it. @param {CommandName} name @param {any} status @returns {Promise<void>} */
export async function runCommand(name, status) {
  const command = COMMANDS[name];
  const answer = await openDialog({
    title: command.title,
    name: `command-${name}`,
    accept: command.accept,
    danger: command.danger,
    word: command.word,
    body: [
      status?.mode === 'live' ? h('p', {}, h('span', { class: 'badge live-money' }, 'LIVE'), ' This acts on real money.') : null,
      h('ul', { class: 'effects' }, command.effects.map((text) => h('li', {}, text))),
    ],
  });
  if (!answer) return;
  try {
    await send('POST', `commands/${name}`, { confirm: name.toUpperCase() });
    showToast({ id: `command-${Date.now()}`, level: 'info', title: command.done });
  } catch (error) {
    if (error instanceof Problem && error.code === 'no_token') return;
    showToast({ id: `command-${Date.now()}`, level: 'warning', title: `${command.label} was not carried out`, text: told(error) });
  }
}

/** The commands that make sense now. @param {any} status @returns {CommandName[]} */
export function usefulCommands(status) {
  if (!status || status.read_only) return [];
  const isPaused = status.manual_pause || status.paused_until;
  return [isPaused ? 'resume' : 'pause', 'flatten', 'panic'];
}
