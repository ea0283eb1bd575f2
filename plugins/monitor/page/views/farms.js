// How are the farms? Servers, their health and their load, and a switch for their states.
import { html, useState } from '../preact.js'
import { act } from '../parts/act.js'
import { Empty } from '../parts/empty.js'
import { StateDialog } from '../parts/farm/state-dialog.js'
import { ServerTable } from '../parts/farm/server-table.js'
import { some } from '../parts/numbers.js'
import { useView } from '../parts/stream.js'
import { toast } from '../parts/toast.js'

/** @typedef {import('@fastify-arr/facts').FarmInfo} FarmInfo */
/** @typedef {import('@fastify-arr/facts').FarmServerInfo} FarmServerInfo */
/** @typedef {import('@fastify-arr/facts').FarmServerState} FarmServerState */

/** @param {import('../app.js').ViewProps} props */
export function FarmsView ({ hello }) {
  const view = useView('farms')
  const [asked, setAsked] = useState(/** @type {{ farm: string, server: FarmServerInfo, state: FarmServerState } | null} */ (null))
  const maySwitch = hello?.actions === true

  const set = async (/** @type {string} */ farm, /** @type {FarmServerInfo} */ server, /** @type {FarmServerState} */ state) => {
    setAsked(null)
    await tell(act('farms/state', { farm, server: server.name, state }), () => `${server.name} of ${farm} is ${state} now.`)
  }
  const change = (/** @type {string} */ farm, /** @type {FarmServerInfo} */ server, /** @type {FarmServerState} */ state) => {
    // What ends WebSockets is asked for once more.
    if (state.startsWith('unavailable') && server.tunnels > 0) setAsked({ farm, server, state })
    else set(farm, server, state)
  }
  if (hello !== null && !hello.has.farms) return html`<div class="view-head"><h1>Farms</h1></div><${Empty} title="There are no farms">With <code>@fastify-arr/server-farm</code> in this server, its farms are shown here.<//>`
  return html`<div class="view-head"><h1>Farms</h1>${maySwitch || view === null ? null : html`<p class="muted push">With the option <code>actions: true</code>, servers can be switched from here.</p>`}</div>
    ${view === null ? html`<${Empty} title="Connecting …" />` : view.farms.length === 0 ? html`<${Empty} title="No farm" />` : null}
    ${(view?.farms ?? []).map(farm => html`<section class="card farm" key=${farm.name} aria-label=${`Farm ${farm.name}`}>
      <div class="card-head">
        <h2>${farm.name}</h2>
        <p class="muted">${farm.algorithm}, ${some(farm.servers.length, 'server')}, ${farm.servers.filter(({ healthy }) => healthy).length} healthy${farm.waiting === 0 ? '' : `, ${some(farm.waiting, 'handshake')} waiting`}</p>
        ${maySwitch ? html`<button type="button" class="control push" onClick=${() => rebalance(farm)} title="Those of the fullest server that are idle are told goodbye, so that they come back elsewhere">Rebalance</button>` : null}
      </div>
      <${ServerTable} farm=${farm} onState=${maySwitch ? change : undefined} />
    </section>`)}
    ${asked === null ? null : html`<${StateDialog} ...${asked} onClose=${() => setAsked(null)} onDone=${() => set(asked.farm, asked.server, asked.state)} />`}`
}

/** @param {FarmInfo} farm */
async function rebalance ({ name }) {
  await tell(act('farms/rebalance', { farm: name }), ({ over }) => over === 0 ? `${name} is even already.` : `${some(over, 'WebSocket')} of ${name} will be told goodbye.`)
}

/**
 * @param {Promise<any>} asked
 * @param {(answer: any) => string} words
 */
async function tell (asked, words) {
  try {
    toast(words(await asked))
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), 'error')
  }
}
