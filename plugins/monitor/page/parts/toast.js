// What has just happened? A short message at the edge, which a screen reader reads out as well.
import { html } from '../preact.js'
import { makeStore, useStore } from './store.js'
import { Badge } from './badge.js'

/** @typedef {{ id: number, text: string, kind: import('./badge.js').Kind }} Message */

const STAYS = 6000
const MOST = 4
let last = 0
const messages = makeStore(/** @type {readonly Message[]} */ ([]))

/** @param {number} id */
const take = id => { messages.set(messages.get().filter(one => one.id !== id)) }

/**
 * Shows a message for six seconds; an error stays until it is taken away.
 *
 * @param {string} text a sentence
 * @param {import('./badge.js').Kind} [kind]
 */
export function toast (text, kind = 'ok') {
  const id = ++last
  messages.set([...messages.get(), { id, text, kind }].slice(-MOST))
  if (kind !== 'error') setTimeout(take, STAYS, id)
}

/** @type {Readonly<Record<import('./badge.js').Kind, string>>} */
const WORDS = { ok: 'Done', information: 'Note', warning: 'Careful', error: 'Error', off: 'Off' }

/** All messages; the page has it once. */
export function Toasts () {
  const shown = useStore(messages)
  return html`<div class="toasts" role="status">${shown.map(({ id, text, kind }) => html`
    <div class="toast" key=${id}><${Badge} kind=${kind}>${WORDS[kind]}<//><span class="toast-text">${text}</span><button class="quiet" type="button" aria-label="Take this message away" onClick=${() => take(id)}>×</button></div>`)}</div>`
}
