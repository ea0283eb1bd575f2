// How long may an HTTP/2 connection stay open, and what may its client send? The limits that Node does not enforce.

import { constants, type ServerHttp2Session, type ServerHttp2Stream, type IncomingHttpHeaders } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { LimitOptions } from '../options.ts'
import { Roster } from './roster.ts'

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE } = constants
/** The window over which resets, PINGs and SETTINGS are counted, ms. */
const WINDOW = 10_000

/** How long a connection may take to send its GOAWAY before its socket is destroyed; also the least time to answer a PING, ms. */
const GRACE = 1_000

/** A connection with its requests and PINGs. */
export interface Guarded {
  readonly session: ServerHttp2Session
  readonly socket: Duplex
  /** Requests in progress, without WebSockets. */
  readonly requests: Roster<ServerHttp2Stream>
  /** PINGs received. */
  pings: number
}

/** Keeps one HTTP/2 connection within its limits. */
export function guardSession (session: ServerHttp2Session, socket: Duplex, limits: Required<LimitOptions>): Guarded {
  let open = 0
  const requests = new Roster<ServerHttp2Stream>()
  // A session is idle when it has no stream; an open WebSocket may be silent without limit. `session.setTimeout` does not serve: any PING restarts it.
  let idle: NodeJS.Timeout | undefined
  if (limits.keepAliveTimeout > 0) {
    idle = setTimeout(() => {
      if (open > 0) return
      // A client that has received GOAWAY and does not close its side would stay for ever.
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
  const countNuisance = nuisanceCounter(session, socket, limits.nuisances)

  session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    open++
    const deadline = bodyDeadline(stream, headers, limits.requestTimeout)
    const place = headers[':method'] === 'CONNECT' ? null : requests.add(stream)
    stream.once('close', () => {
      open--
      if (place !== null) requests.strike(place)
      if (open === 0 && !socket.destroyed) idle?.refresh()
      clearTimeout(deadline)
      // Rapid reset (CVE-2023-44487): requests that are cancelled at once, while the server still works on them.
      if (stream.aborted) countNuisance()
    })
  })
  const guarded = { session, socket, requests, pings: 0 }
  session.on('ping', () => {
    guarded.pings++
    countNuisance()
  })
  session.on('remoteSettings', countNuisance)
  return guarded
}

/** Cuts a busy connection whose client is gone without a FIN: its PING is not acknowledged. For connection errors, see broken-sessions.ts. */
function cutWhenGone (session: ServerHttp2Session, socket: Duplex, timeout: number, isBusy: () => boolean): void {
  session.on('timeout', () => {
    if (!isBusy()) return
    const cut = setTimeout(() => socket.destroy(), Math.max(timeout, GRACE)).unref()
    session.ping(error => {
      if (error !== null) return
      clearTimeout(cut)
      session.setTimeout(timeout)
    })
  })
  session.setTimeout(timeout)
}

// The counterpart of `requestTimeout` of Node's http server. A WebSocket (CONNECT) has no request body to wait for.
function bodyDeadline (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, timeout: number): NodeJS.Timeout | undefined {
  if (timeout === 0 || stream.endAfterHeaders || headers[':method'] === 'CONNECT') return undefined
  return setTimeout(() => {
    if (!stream.closed && stream.state.state !== NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE) stream.close(NGHTTP2_CANCEL)
  }, timeout).unref()
}

function nuisanceCounter (session: ServerHttp2Session, socket: Duplex, most: number): () => void {
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
    // RFC 9113 §10.5. The code given to `destroy` is not sent to the client, so GOAWAY is sent first.
    session.goaway(NGHTTP2_ENHANCE_YOUR_CALM)
    session.destroy()
    // The session waits for its pending write, for ever where the client does not read.
    setTimeout(() => socket.destroy(), GRACE).unref()
  }
}
