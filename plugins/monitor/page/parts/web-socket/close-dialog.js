// How are WebSockets closed? With a code and a reason, which both sides get in a Close frame.
import { html, useState } from '../../preact.js'
import { act } from '../act.js'
import { count, some } from '../numbers.js'
import { Panel } from '../panel.js'
import { toast } from '../toast.js'
import { SENDABLE } from './close-codes.js'

/** RFC 6455 §5.5: a control frame has at most 125 bytes, two of them are the code. */
const MOST_BYTES = 123
const OWN = 'own'

/**
 * @param {object} props
 * @param {readonly string[] | null} props.ids null for all that the filter names
 * @param {string} props.filter
 * @param {number} props.count how many they are
 * @param {() => void} props.onClose
 * @param {() => void} props.onDone
 */
export function CloseDialog ({ ids, filter, count: many, onClose, onDone }) {
  const [choice, setChoice] = useState('1001')
  const [own, setOwn] = useState('4000')
  const [reason, setReason] = useState('')
  const [isBusy, setBusy] = useState(false)
  const code = Number(choice === OWN ? own : choice)
  const used = new TextEncoder().encode(reason).length
  const mistake = !isSendable(code) ? 'A code is 1000, 1001, 1003, 1007 to 1014, or 3000 to 4999.' : used > MOST_BYTES ? `The reason has ${used} bytes, at most ${MOST_BYTES} fit into a Close frame.` : ''

  const close = async (/** @type {Event} */ event) => {
    event.preventDefault()
    if (mistake !== '' || isBusy) return
    setBusy(true)
    try {
      const { closed } = await act(ids === null ? 'close-matching' : 'close', ids === null ? { filter, code, reason } : { ids, code, reason })
      toast(`${some(closed, 'WebSocket')} told goodbye with ${code}${closed < many && ids !== null ? `; ${count(many - closed)} had ended already` : ''}.`)
      onDone()
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'error')
      setBusy(false)
    }
  }
  const actions = html`<button type="button" class="control" onClick=${onClose}>Keep them</button><button type="submit" form="close-form" class="danger" disabled=${mistake !== '' || isBusy}>Close ${some(many, 'WebSocket')}</button>`
  return html`<${Panel} middle title=${`Close ${some(many, 'WebSocket')}`} onClose=${onClose} actions=${actions}>
    <form id="close-form" class="stack" onSubmit=${close}>
      <p>${ids === null ? (filter === '' ? 'All that are open now.' : html`All that <code>${filter}</code> names now.`) : 'Those that are selected.'} Both sides get a Close frame; one that does not end then is cut.</p>
      <label class="field">Code<select value=${choice} onChange=${(/** @type {any} */ event) => setChoice(event.target.value)}>
        ${SENDABLE.map(([number, words]) => html`<option key=${number} value=${String(number)}>${number}, ${words}</option>`)}
        <option value=${OWN}>another one</option>
      </select></label>
      ${choice === OWN ? html`<label class="field">Its number<input type="number" min="1000" max="4999" value=${own} onInput=${(/** @type {any} */ event) => setOwn(event.target.value)} /></label>` : null}
      <label class="field">Reason, which clients can read: ${used} of ${MOST_BYTES} bytes<input type="text" value=${reason} onInput=${(/** @type {any} */ event) => setReason(event.target.value)} /></label>
      <p class="mistake" role="alert">${mistake}</p>
    </form>
  <//>`
}

/**
 * Codes that an endpoint may send (RFC 6455 §7.4).
 *
 * @param {number} code
 */
function isSendable (code) {
  return Number.isInteger(code) && ((code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999))
}
