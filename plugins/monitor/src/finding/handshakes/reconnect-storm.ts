// Do the same clients come back again and again, far faster than usual?
import type { Finding } from '../../messages/index.ts'
import { found } from '../codes.ts'
import type { Ended } from '../records/ended.ts'
import type { Refused } from '../records/refused.ts'
import { counted } from '../sentence.ts'

/** The time that is looked at, ms. */
const NOW = 60_000
/** The time before it that is usual, ms. */
const BEFORE = 600_000
const LEAST = 60
/** How often each client has come on average. */
const TIMES = 3
/** How many times the usual rate. */
const USUAL = 5

/** Those that are still open are left out: whoever storms does not stay. */
export function reconnectStorm (ended: readonly Ended[], refused: readonly Refused[], now: number): Finding[] {
  const came = [...ended.map(({ openedAt: at, client }) => ({ at, client })), ...refused].filter(({ at }) => at > now - NOW - BEFORE)
  const late = came.filter(({ at }) => at > now - NOW)
  const clients = new Set(late.map(({ client }) => client)).size
  if (late.length < LEAST || late.length < clients * TIMES) return []
  const oldest = came.reduce((least, { at }) => Math.min(least, at), now)
  // The records may not reach back so far.
  const before = Math.max(0, now - NOW - oldest)
  const usual = before < NOW ? 0 : (came.length - late.length) / before
  const rate = late.length / NOW
  if (rate < usual * USUAL) return []
  const times = late.map(({ at }) => at).sort((one, other) => one - other)
  const examples = ended.filter(({ openedAt }) => openedAt > now - NOW).slice(-20).reverse()
  return [found('RECONNECT_STORM', { count: late.length, first: times[0] as number, last: times.at(-1) as number, examples: examples.map(exampleOf) },
    `${counted(clients, 'client')} asked for a WebSocket ${late.length} times in the last minute, ${Math.round(late.length / clients)} times each${usual === 0 ? '' : `; usual are ${Math.round(usual * NOW)} in a minute`}.`,
    'Look why their WebSockets end or are refused: the other findings, or one of the exchanges. Let the clients wait longer after each failure, and for a random time; `websocket.admission` of upstream-proxy lets so many be under way at a time, and the rest wait.',
    'ws:')]
}

function exampleOf ({ id, at, life, silence, client, site, upstream, closedBy, closeCode, ending, limit }: Ended): Finding['examples'][number] {
  return { id, at, life, silence, client, site, upstream, closedBy, closeCode, ending, limit }
}
