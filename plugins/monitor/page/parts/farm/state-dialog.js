// Is that meant? A state that ends WebSockets is asked for once more.
import { html } from '../../preact.js'
import { some } from '../numbers.js'
import { Panel } from '../panel.js'
import { STATES } from './states.js'

/**
 * @param {object} props
 * @param {string} props.farm
 * @param {import('@fastify-arr/facts').FarmServerInfo} props.server
 * @param {import('@fastify-arr/facts').FarmServerState} props.state
 * @param {() => void} props.onClose
 * @param {() => void} props.onDone
 */
export function StateDialog ({ farm, server, state, onClose, onDone }) {
  const found = STATES.find(({ value }) => value === state)
  const actions = html`<button type="button" class="control" onClick=${onClose}>Leave it as it is</button><button type="button" class="danger" onClick=${onDone}>End ${some(server.tunnels, 'WebSocket')}</button>`
  return html`<${Panel} middle title=${`${server.name}: ${found?.title ?? state}`} onClose=${onClose} actions=${actions}><p>${found?.meaning} ${server.name} of ${farm} has ${some(server.tunnels, 'open WebSocket')} now.</p><//>`
}
