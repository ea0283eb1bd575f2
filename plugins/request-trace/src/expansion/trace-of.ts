// How does a recording become a trace? Its moments become events, between the request's start and its end.
import { hostname } from 'node:os'
import type { TunnelFact } from '@fastify-arr/facts'
import { endpoint } from '../recording/client-connection.ts'
import { MOMENT, VALUES } from '../recording/moments.ts'
import type { Outcome } from '../recording/outcome.ts'
import type { Recording, TracedRequest } from '../recording/recording.ts'
import type { Secrets } from '../redaction/secrets.ts'
import type { Verdict } from '../rules/judge.ts'
import type { Levels } from '../rules/rule.ts'
import type { Trace } from '../trace/trace.ts'
import { addErrorStatus, MODULE, windowsNumber } from './error-status.ts'
import { EventList, headerLines, rounded } from './event-list.ts'
import { FrameEvents } from './frame-events.ts'
import { EXPAND } from './moments.ts'

/** The site of a request that has none, as in the log. */
export const NO_SITE = { name: 'Default', id: 1 } as const
const APP_POOL = 'fastify'
const COMPUTER = hostname()

/** The trace of an exchange that is over, or of an open WebSocket so far; but for what it means. `levels` is what is told of what was recorded. */
export function traceOf (recording: Recording, outcome: Outcome, verdict: Verdict, id: string, levels = recording.levels): Omit<Trace, 'findings'> {
  const { request, url, verb, now } = recording
  const { remoteAddress, remotePort } = recording.connection
  const ip = clientIp(request, remoteAddress)
  return {
    id,
    siteId: request.site?.id ?? NO_SITE.id,
    siteName: request.site?.name ?? NO_SITE.name,
    url,
    verb,
    httpVersion: request.raw.httpVersionMajor === 2 ? '2' : request.raw.httpVersion,
    // The port is that of the connection: a client behind another proxy has none that is known.
    client: endpoint(ip, ip === remoteAddress ? remotePort : 0),
    beganAt: recording.beganAt,
    timeTaken: rounded(now),
    status: outcome.status,
    subStatus: outcome.subStatus,
    failureReason: verdict.reason,
    trigger: verdict.trigger,
    logId: request.upstream?.logId ?? '',
    processId: process.pid,
    computer: COMPUTER,
    events: eventsOf(recording, outcome, now, levels),
    lost: recording.lost
  }
}

function eventsOf (recording: Recording, outcome: Outcome, now: number, levels: Levels): Trace['events'] {
  const list = new EventList(levels)
  const { request, entries } = recording
  addBeginning(list, recording)
  const target = { list, frames: new FrameEvents(recording.frames, list), host: request.raw.headers.host ?? String(request.raw.headers[':authority'] ?? '') }
  const failure = errorIn(request, outcome)
  let pending = failure
  let failures = 0
  for (let at = 0; at < entries.length; at += 2 + (VALUES[entries[at + 1] as number] as number)) if (entries[at + 1] === MOMENT.failed) failures++
  for (let at = 0; at < entries.length;) {
    const time = entries[at] as number
    const moment = entries[at + 1] as number
    const end = at + 2 + (VALUES[moment] as number)
    // An error's status is set after the last attempt has failed, and before its answer leaves.
    if (moment === MOMENT.left && pending !== null) pending = addError(list, time, pending)
    EXPAND[moment]?.(target, time, entries.slice(at + 2, end))
    if (moment === MOMENT.failed && --failures === 0 && pending?.module === MODULE.upstreamProxy) pending = addError(list, time, pending)
    at = end
  }
  target.frames.rest(now)
  if (pending !== null) addError(list, now, pending)
  // It goes on: there is no end to be told of.
  if (!recording.closed && !recording.tunnelEnded) return list.events
  if (request.upstream?.tunnel) addClosed(list, now, request.upstream.tunnel as TunnelFact, recording.secrets)
  const bytes = { BytesSent: recording.sent, BytesReceived: recording.received }
  list.add(now, 'GENERAL_FLUSH_RESPONSE_END', { BytesSent: recording.sent, ErrorCode: outcome.win32 })
  list.add(now, 'GENERAL_REQUEST_END', { ...bytes, HttpStatus: outcome.status, HttpSubStatus: outcome.subStatus })
  return list.events
}

function addBeginning (list: EventList, { request, connection, url, verb, headers }: Recording): void {
  const { tls, remoteAddress, remotePort, localAddress, localPort } = connection
  const { id: SiteId } = request.site ?? NO_SITE
  list.add(0, 'GENERAL_REQUEST_START', { SiteId, AppPoolId: APP_POOL, ConnId: connection.id, RawConnId: connection.id, RequestURL: url, RequestVerb: verb })
  list.add(0, 'CONNECTION', {
    Protocol: request.raw.httpVersionMajor === 2 ? 'HTTP/2' : `HTTP/${request.raw.httpVersion}`,
    TlsVersion: tls?.version,
    Cipher: tls?.cipher,
    Sni: tls?.sni,
    Alpn: tls?.alpn,
    Peer: endpoint(remoteAddress, remotePort)
  })
  const ip = clientIp(request, remoteAddress)
  list.add(0, 'GENERAL_ENDPOINT_INFORMATION', { RemoteAddress: ip, RemotePort: ip === remoteAddress ? remotePort : null, LocalAddress: localAddress, LocalPort: localPort })
  list.add(0, 'GENERAL_REQUEST_HEADERS', { Headers: headerLines(headers) })
}

interface Failure { readonly module: typeof MODULE[keyof typeof MODULE], readonly status: number, readonly subStatus: number, readonly win32: number, readonly code?: string }

/** The error of the proxy, or of the server itself. */
function errorIn (request: TracedRequest, { judged, subStatus, win32 }: Outcome): Failure | null {
  const { upstream, servedFile } = request
  const error = upstream?.error
  if (error !== null && error !== undefined) return { module: MODULE.upstreamProxy, status: judged, subStatus, win32: win32 === 0 ? windowsNumber(error.systemCode) : win32, code: error.code ?? '' }
  if (upstream !== null && upstream !== undefined) return null
  if (judged < 400) return null
  return { module: servedFile === null || servedFile === undefined ? MODULE.server : MODULE.staticContent, status: judged, subStatus, win32 }
}

function addError (list: EventList, time: number, { module, status, subStatus, win32, code }: Failure): null {
  // A filter, or a rule, has told its own already.
  if (module !== MODULE.upstreamProxy && list.events.some(({ name }) => name === 'MODULE_SET_RESPONSE_ERROR_STATUS')) return null
  addErrorStatus(list, time, module, status, subStatus, win32, code)
  return null
}

function addClosed (list: EventList, time: number, tunnel: TunnelFact, secrets: Secrets): void {
  const { received, sent } = tunnel
  const idle = (lastActivity: number) => Math.max(0, Date.now() - lastActivity)
  list.add(time, 'WEBSOCKET_CLOSED', {
    ClosedBy: tunnel.closedBy,
    Ending: tunnel.ending,
    Limit: tunnel.limit,
    CloseCode: tunnel.closeCode,
    CloseReason: tunnel.closeReason === null ? null : secrets.hide(tunnel.closeReason),
    BytesFromClient: received.bytes,
    // Counts that stopped before the end would be wrong.
    MessagesFromClient: tunnel.observed ? received.messages : null,
    IdleClient: idle(received.lastActivity),
    BytesFromUpstream: sent.bytes,
    MessagesFromUpstream: tunnel.observed ? sent.messages : null,
    IdleUpstream: idle(sent.lastActivity)
  })
}

function clientIp ({ ip }: TracedRequest, remoteAddress: string): string {
  const plain = typeof ip === 'string' && ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice(7) : ip
  return plain || remoteAddress
}
