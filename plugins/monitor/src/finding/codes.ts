// Which findings are there? Each code with its severity and its meaning; the README has the same table.
import type { EndedWebSocket, Finding } from '../messages/index.ts'

interface Meaning {
  readonly severity: Finding['severity']
  readonly means: string
}

const error = (means: string): Meaning => ({ severity: 'error', means })
const warning = (means: string): Meaning => ({ severity: 'warning', means })
const information = (means: string): Meaning => ({ severity: 'information', means })

/** Every code that a finding may have. A code never changes its meaning. */
export const CODES = {
  CUT_AFTER_SAME_SILENCE: error('Five or more WebSockets were cut without a Close after the same time in which nothing passed (± 2 s): an idle time-out on the way'),
  SHORT_LIVES: error("A server's WebSockets end within a second of their 101"),
  CLOSED_WITH_ERROR: error('A server closes WebSockets with one error code again and again: 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1013 or 1014'),
  HANDSHAKES_REFUSED: error('Many handshakes got the same status from one server, such as 403 for an Origin, or 426'),
  HANDSHAKES_FAILED: error('Many handshakes failed with the same error, such as a server that cannot be reached'),
  HANDSHAKES_REJECTED: warning('Many handshakes were refused before anything could answer them, for the same reason'),
  RECONNECT_STORM: warning('The same clients come back again and again, at many times the usual rate'),
  ONE_CLIENT_WITH_MANY: warning('One address has more than half of many open WebSockets'),
  NEVER_SPOKE: information('Many WebSockets were open for half a minute and more, and no message ever passed'),
  OWN_LIMIT: warning("One of this proxy's own limits ends many WebSockets"),
  CERTIFICATE_ENDS: warning('A certificate expires within 14 days, or has expired'),
  FARM_DOWN: error('No server of a farm may take anything'),
  SERVER_OUT: warning('A server of a farm is not healthy')
} as const satisfies Readonly<Record<string, Meaning>>

export type FindingCode = keyof typeof CODES

/** Of the newest, so many are shown. */
const EXAMPLES = 20

/** What a finding was drawn from. */
export interface Cases {
  readonly count: number
  /** ms since the epoch. */
  readonly first: number
  readonly last: number
  readonly examples: readonly EndedWebSocket[]
}

/** A finding with the severity of its code. */
export function found (code: FindingCode, cases: Cases, sentence: string, remedy: string, filter: string | null): Finding {
  return { code, severity: CODES[code].severity, sentence, remedy, ...cases, filter }
}

/** The cases of a list, the oldest first; at least one. */
export function casesOf (members: readonly EndedWebSocket[]): Cases {
  const first = members[0] as EndedWebSocket
  const last = members.at(-1) as EndedWebSocket
  return { count: members.length, first: first.at, last: last.at, examples: members.slice(-EXAMPLES).reverse().map(plain) }
}

/** What is true of one moment, with nothing to show for it. */
export function since (at: number): Cases {
  return { count: 1, first: at, last: at, examples: [] }
}

function plain ({ id, worker, at, life, silence, client, site, upstream, closedBy, closeCode, ending, limit }: EndedWebSocket): EndedWebSocket {
  return { id, ...worker !== undefined && { worker }, at, life, silence, client, site, upstream, closedBy, closeCode, ending, limit }
}
