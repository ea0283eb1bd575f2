// Which events does each moment of a recording become?
import type { Explanation, FarmServerInfo } from '@fastify-arr/facts'
import type { AttemptSent } from '@fastify-arr/facts'
import { MOMENT } from '../recording/moments.ts'
import { addErrorStatus, MODULE } from './error-status.ts'
import { headerLines, type EventList, type Values } from './event-list.ts'
import type { FrameEvents } from './frame-events.ts'
import { addRewrite } from './rewrite-events.ts'

/** Where the events go, and what they need besides. */
export interface Target {
  readonly list: EventList
  readonly frames: FrameEvents
  /** The Host header. */
  readonly host: string
}

type V = string | number | boolean | null
type Expand = (target: Target, time: number, values: readonly unknown[]) => void

const STATES = { available: 'Available', draining: 'Drain', unavailableGracefully: 'UnavailableGracefully', unavailableImmediately: 'Unavailable' } as const

/** By the moment's number. */
export const EXPAND: readonly Expand[] = Object.entries({
  [MOMENT.site]: ({ list }, time, values) => {
    const [SiteName, SiteId, Binding] = values as V[]
    list.add(time, 'SITE_SELECTED', { SiteName, SiteId, Binding })
  },
  [MOMENT.rejected]: ({ list, host }, time, values) => {
    const [reason, status, subStatus, detail] = values as [string | null, number | null, number | null, string | null]
    // host-routing's have no status in the fact: it answers them as the kernel of IIS does.
    const noSite = status === null
    if (noSite) list.add(time, 'SITE_UNKNOWN', { Reason: reason, Host: host })
    else list.add(time, 'REQUEST_REJECTED', { Reason: reason, HttpStatus: status, HttpSubStatus: subStatus, Detail: detail })
    if (noSite || status >= 400) addErrorStatus(list, time, noSite ? MODULE.hostRouting : MODULE.requestFilter, status ?? 400, subStatus ?? 0, 0)
  },
  [MOMENT.rewrite]: ({ list }, time, values) => {
    const [explanation] = values as [Explanation]
    addRewrite(list, time, explanation)
    const { outcome } = explanation
    if (outcome?.type === 'BadRequest') addErrorStatus(list, time, MODULE.urlRewrite, 400, 0, 0)
    else if (outcome?.type === 'CustomResponse' && outcome.status >= 400) addErrorStatus(list, time, MODULE.urlRewrite, outcome.status, outcome.subStatus, 0)
  },
  [MOMENT.farm]: ({ list }, time, values) => {
    const [farm, server, algorithm, why, candidates] = values as [string, string | null, string, string, readonly FarmServerInfo[]]
    for (const one of candidates) {
      list.add(time, 'FARM_CANDIDATE', { Farm: farm, Server: one.name, State: one.state, Healthy: one.healthy, Why: one.why, Requests: one.requests, Handshakes: one.handshakes, Tunnels: one.tunnels, Weight: one.weight, ResponseTime: one.responseTime })
    }
    list.add(time, 'FARM_CHOICE', { Farm: farm, Server: server, Algorithm: algorithm, Why: why })
    const chosen = candidates.find(({ name }) => name === server)
    if (chosen !== undefined) list.add(time, 'ARR_SERVER_ROUTED', { RoutingReason: why === 'affinity' ? 'ClientAffinity' : 'LoadBalancing', ...countersOf(chosen) })
  },
  [MOMENT.began]: ({ list }, time, values) => {
    list.add(time, 'ATTEMPT_START', { Server: (values as [string])[0] })
  },
  [MOMENT.sent]: ({ list }, time, values) => {
    const [Server, head, Reused, Local, Remote, times, tls] = values as [string, string, boolean, string | null, string | null, AttemptSent['times'], AttemptSent['tls']]
    list.add(time, 'ATTEMPT_CONNECTED', {
      Server,
      Local,
      Remote,
      Reused,
      LookupTime: times?.lookup,
      ConnectTime: times?.connect,
      SecureTime: times?.secure,
      TlsVersion: tls?.version,
      Cipher: tls?.cipher
    })
    // The request line comes first, as it was sent; the empty line at the end is none of the headers.
    list.add(time, 'ARR_REQUEST_HEADERS_START', { Server, Headers: head.endsWith('\r\n\r\n') ? head.slice(0, -2) : head })
  },
  [MOMENT.answered]: ({ list }, time, values) => {
    const [, HttpStatus, HttpReason, headers] = values as [string, number, string, readonly string[]]
    list.add(time, 'ARR_RESPONSE_HEADERS_END', { HttpStatus, HttpReason, Headers: headerLines(headers) })
  },
  [MOMENT.failed]: ({ list }, time, values) => {
    const [Server, Code, Moment, SystemCode] = values as V[]
    list.add(time, 'ATTEMPT_FAILED', { Server, Code, Moment, SystemCode })
  },
  [MOMENT.left]: ({ list }, time, values) => {
    list.add(time, 'GENERAL_RESPONSE_HEADERS', { Headers: headerLines((values as [number, readonly string[]])[1]) })
  },
  [MOMENT.open]: ({ list }, time, values) => {
    const [, Http, SubProtocol, Extensions, HandshakeTime] = values as V[]
    list.add(time, 'WEBSOCKET_OPEN', { Http, SubProtocol, Extensions, HandshakeTime: Math.round(Number(HandshakeTime)) })
  },
  [MOMENT.quiet]: ({ list, frames }, time, values) => {
    const [count, Milliseconds] = values as [number, number]
    frames.upTo(count, time)
    list.add(time, 'WEBSOCKET_QUIET', { Milliseconds })
  },
  [MOMENT.closeFrame]: ({ list, frames }, time, values) => {
    const [count, From, Code, Reason] = values as [number, string, number | null, string]
    frames.upTo(count, time)
    list.add(time, 'WEBSOCKET_CLOSE_FRAME', { From, Code, Reason })
  },
  [MOMENT.unreadable]: ({ list, frames }, time, values) => {
    const [count, From] = values as [number, string]
    frames.upTo(count, time)
    list.add(time, 'WEBSOCKET_UNREADABLE', { From })
  },
  [MOMENT.socketEnd]: ({ list, frames }, time, values) => {
    const [count, Side, How, SystemCode] = values as [number, string, string, string | null]
    frames.upTo(count, time)
    list.add(time, 'WEBSOCKET_SOCKET_END', { Side, How, SystemCode })
  }
} satisfies Record<number, Expand>).sort(([a], [b]) => Number(a) - Number(b)).map(([, expand]) => expand)

/** A server's counters with ARR's names. */
function countersOf ({ name, state, chosen, failed, requests, tunnels, handshakes, responseTime }: FarmServerInfo): Values {
  return { Server: name, State: STATES[state], TotalRequests: chosen, FailedRequests: failed, CurrentRequests: requests + handshakes + tunnels, ResponseTime: responseTime }
}
