// How long may an HTTP/2 connection stay, and what may it ask? The limits that Node leaves to us.

import { constants, type ServerHttp2Session, type ServerHttp2Stream, type IncomingHttpHeaders } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { LimitOptions } from './limits.ts'
import { Roster } from './roster.ts'

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE } = constants
/** The time over which nuisances are counted, ms. */
const WINDOW = 10_000

/** How long a connection that is cut may take to say so, ms. */
const LAST_WORD = 1_000

/** A connection and what it is asked for. */
export interface Guarded {
  readonly session: ServerHttp2Session
  readonly socket: Duplex
  /** Its requests that are not over; without WebSockets. */
  readonly requests: Roster<ServerHttp2Stream>
  /** Those that have come. */
  pings: number
}

/** Keeps one HTTP/2 connection within its limits. */
export function guardSession (session: ServerHttp2Session, socket: Duplex, limits: Required<LimitOptions>): Guarded {
  let open = 0
  const requests = new Roster<ServerHttp2Stream>()
  // A session is idle when it has no stream: an open WebSocket may be silent for as long as it likes. Its own timer is of no use here, for any PING winds it up.
  let idle: NodeJS.Timeout | undefined
  if (limits.keepAliveTimeout > 0) {
    idle = setTimeout(() => {
      if (open > 0) return
      // A client that was told to go, and does not end its side, would stay for ever.
      if (session.closed) {
        socket.destroy()
      } else {
        session.close()
        idle?.refresh()
      }
    }, limits.keepAliveTimeout).unref()
    socket.once('close', () => clearTimeout(idle))
    cutWhenGone(session, socket, limits.keepAliveTimeout, () => open > 0)
  }
  const nuisance = countNuisances(session, socket, limits.nuisances)

  session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    open++
    const deadline = bodyDeadline(stream, headers, limits.requestTimeout)
    const place = headers[':method'] === 'CONNECT' ? null : requests.add(stream)
    stream.once('close', () => {
      open--
      if (place !== null) requests.strike(place)
      if (open === 0 && !socket.destroyed) idle?.refresh()
      clearTimeout(deadline)
      // Rapid reset (CVE-2023-44487): asked, taken back, asked again, while the server works for nobody.
      if (stream.aborted) nuisance()
    })
  })
  const guarded = { session, socket, requests, pings: 0 }
  session.on('ping', () => {
    guarded.pings++
    nuisance()
  })
  session.on('remoteSettings', nuisance)
  return guarded
}

/** Cuts a busy connection whose client has vanished without a FIN: it does not answer a PING. After a connection error: see broken-sessions.ts. */
function cutWhenGone (session: ServerHttp2Session, socket: Duplex, timeout: number, isBusy: () => boolean): void {
  session.on('timeout', () => {
    if (!isBusy()) return
    const cut = setTimeout(() => socket.destroy(), Math.max(timeout, LAST_WORD)).unref()
    session.ping(error => {
      if (error !== null) return
      clearTimeout(cut)
      session.setTimeout(timeout)
    })
  })
  session.setTimeout(timeout)
}

// What node's http server calls requestTimeout. A WebSocket (CONNECT) has no body that could be late.
function bodyDeadline (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, timeout: number): NodeJS.Timeout | undefined {
  if (timeout === 0 || stream.endAfterHeaders || headers[':method'] === 'CONNECT') return undefined
  return setTimeout(() => {
    if (!stream.closed && stream.state.state !== NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE) stream.close(NGHTTP2_CANCEL)
  }, timeout).unref()
}

function countNuisances (session: ServerHttp2Session, socket: Duplex, most: number): () => void {
  if (most === 0) return () => {}
  let since = Date.now()
  let count = 0
  return () => {
    const now = Date.now()
    if (now - since > WINDOW) {
      since = now
      count = 0
    }
    if (++count <= most || session.destroyed) return
    // RFC 9113 §10.5. The code that `destroy` takes does not reach the client.
    session.goaway(NGHTTP2_ENHANCE_YOUR_CALM)
    session.destroy()
    // The session waits for a write that is under way, which a client that does not read can make it do for ever.
    setTimeout(() => socket.destroy(), LAST_WORD).unref()
  }
}
