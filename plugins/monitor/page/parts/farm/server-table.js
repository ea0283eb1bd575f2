// How is each server of a farm?
import { html, useMemo } from '../../preact.js'
import { Badge } from '../badge.js'
import { filterBy, ViewLink } from '../link.js'
import { age, count, duration, NONE } from '../numbers.js'
import { Segments } from '../segments.js'
import { Table } from '../table/table.js'
import { STATES } from './states.js'

/** @typedef {import('@fastify-arr/facts').FarmInfo} FarmInfo */
/** @typedef {import('@fastify-arr/facts').FarmServerInfo} FarmServerInfo */
/** @typedef {import('@fastify-arr/facts').FarmServerState} FarmServerState */
/** @typedef {FarmServerInfo & { readonly most: number }} Row with the tunnels of the fullest server */

/**
 * @param {object} props
 * @param {FarmInfo} props.farm
 * @param {((farm: string, server: FarmServerInfo, state: FarmServerState) => void) | undefined} props.onState
 */
export function ServerTable ({ farm, onState }) {
  const columns = useMemo(() => columnsOf(farm.name, onState), [farm.name, onState === undefined])
  const most = Math.max(1, ...farm.servers.map(({ tunnels }) => tunnels))
  return html`<${Table} caption=${`Servers of ${farm.name}`} columns=${columns} rows=${farm.servers.map(server => ({ ...server, most }))} keyOf=${(/** @type {Row} */ row) => row.name} />`
}

/**
 * @param {string} farm
 * @param {((farm: string, server: FarmServerInfo, state: FarmServerState) => void) | undefined} onState
 * @returns {ReadonlyArray<import('../table/table.js').Column<Row>>}
 */
function columnsOf (farm, onState) {
  const named = (/** @type {Row} */ row) => ({ filter: `${filterBy('farm', farm)} ${filterBy('server', row.name)}` })
  return [
    { name: 'name', title: 'Server', by: row => row.name, cell: row => html`<span><strong>${row.name}</strong><span class="muted">:${row.httpPort}</span></span>` },
    { name: 'health', title: 'Health', by: row => row.healthy ? 1 : 0, cell: Health },
    {
      name: 'state',
      title: 'State',
      by: row => row.state,
      cell: row => onState === undefined
        ? STATES.find(({ value }) => value === row.state)?.title ?? row.state
        : html`<${Segments} label=${`State of ${row.name}`} options=${STATES} value=${row.state} onChange=${(/** @type {FarmServerState} */ state) => onState(farm, row, state)} />`
    },
    { name: 'tunnels', title: 'WebSockets', number: true, by: row => row.tunnels, cell: row => html`<span><${ViewLink} to="webSockets" params=${named(row)}>${count(row.tunnels)}<//> <progress aria-hidden="true" max=${row.most} value=${row.tunnels}></progress></span>` },
    { name: 'requests', title: 'Requests', number: true, by: row => row.requests, cell: row => html`<${ViewLink} to="exchanges" params=${named(row)}>${count(row.requests)}<//>`, hint: 'Under way now' },
    { name: 'handshakes', title: 'Handshakes', number: true, by: row => row.handshakes, cell: row => count(row.handshakes), hint: 'Under way now, before their 101' },
    { name: 'responseTime', title: 'Answers after', number: true, by: row => row.responseTime, cell: row => duration(row.responseTime), hint: 'Of late, to the head of its answers' },
    { name: 'chosen', title: 'Chosen', number: true, by: row => row.chosen, cell: row => count(row.chosen) },
    { name: 'failed', title: 'Failed', number: true, by: row => row.failed, cell: row => count(row.failed) },
    { name: 'weight', title: 'Weight', number: true, by: row => row.weight, cell: row => count(row.weight) },
    { name: 'probe', title: 'Last probe', cell: Probe }
  ]
}

/** @param {Row} row */
function Health ({ healthy, why, outUntil }) {
  if (healthy) return html`<${Badge} kind="ok">healthy<//>`
  const left = outUntil === null ? '' : `, takes part again in ${age(outUntil - Date.now())}`
  return html`<span><${Badge} kind="error">out<//> <span class="muted">${why ?? ''}${left}</span></span>`
}

/** @param {Row} row */
function Probe ({ lastProbe }) {
  if (lastProbe === null) return NONE
  return html`<span class="figure">${lastProbe.succeeded ? `${lastProbe.status ?? 'ok'} in ${duration(lastProbe.time)}` : lastProbe.why} <span class="muted">${age(Date.now() - lastProbe.at)} ago</span></span>`
}
