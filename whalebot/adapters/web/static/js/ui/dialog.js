// @ts-check
/** A modal dialog that answers with the values of its form, or null where it was left. */

import { h, render } from './vdom.js';

/**
 * @typedef {{title: string, body: any, accept?: string, cancel?: string, danger?: boolean, wide?: boolean,
 *   sheet?: boolean, name?: string, word?: string}} DialogContent
 * `word` must be typed before the dialog can be accepted.
 */

/** @param {DialogContent} content @returns {Promise<Record<string, string> | null>} */
export function openDialog(content) {
  const dialog = document.createElement('dialog');
  dialog.className = `dialog${content.wide ? ' wide' : ''}${content.sheet ? ' sheet' : ''}`;
  dialog.setAttribute('aria-labelledby', 'dialog-title');
  if (content.name) dialog.dataset.name = content.name;
  document.body.append(dialog);
  return new Promise((resolve) => {
    /** @param {Record<string, string> | null} answer */
    const end = (answer) => {
      resolve(answer);
      dialog.close();
      dialog.remove();
    };
    render(dialog, form(content, end));
    dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      end(null);
    });
    dialog.addEventListener('click', (event) => {
      if (event.target === dialog) end(null);
    });
    dialog.showModal();
    const first = /** @type {HTMLElement | null} */ (dialog.querySelector('[autofocus]'));
    first?.focus();
  });
}

/** @param {DialogContent} content @param {(answer: Record<string, string> | null) => void} end */
function form(content, end) {
  return h('form', {
    class: 'dialog-body',
    method: 'dialog',
    on: {
      submit: (event) => {
        event.preventDefault();
        const target = /** @type {HTMLFormElement} */ (event.target);
        const values = Object.fromEntries(new FormData(target).entries());
        if (content.word && values.word !== content.word) return;
        end(/** @type {Record<string, string>} */ (values));
      },
      close: () => end(null),
    },
  }, h('h2', { id: 'dialog-title' }, content.title), content.body, typed(content), actions(content, end));
}

/** @param {DialogContent} content */
function typed(content) {
  if (!content.word) return null;
  return h('div', { class: 'field' },
    h('label', { for: 'dialog-word' }, 'Type ', h('strong', {}, content.word), ' to go on'),
    h('input', {
      class: 'input mono', id: 'dialog-word', name: 'word', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', autofocus: true,
      on: {
        input: (event) => {
          const input = /** @type {HTMLInputElement} */ (event.target);
          const button = /** @type {HTMLButtonElement | null} */ (input.form?.querySelector('[type=submit]'));
          if (button) button.disabled = input.value !== content.word;
        },
      },
    }));
}

/** @param {DialogContent} content @param {(answer: null) => void} end */
function actions(content, end) {
  return h('div', { class: 'dialog-actions' },
    h('button', { type: 'button', class: 'button', on: { click: () => end(null) } }, content.cancel || 'Cancel'),
    content.accept ? h('button', { type: 'submit', class: `button ${content.danger ? 'danger-fill' : 'primary'}`, disabled: Boolean(content.word) }, content.accept) : null);
}
