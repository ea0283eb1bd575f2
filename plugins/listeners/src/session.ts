// How long may an HTTP/2 connection stay, and what may it ask? The limits that Node leaves to us.

import { constants, type ServerHttp2Session, type ServerHttp2Stream, type IncomingHttpHeaders } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { LimitOptions } from './limits.ts'

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE } = constants
/** The time over which nuisances are counted, ms. */
const WINDOW = 10_000

/** How long a connection that is cut may take to say so, ms. */
const LAST_WORD = 1_000

/** Keeps one HTTP/2 connection within its limits. */
export function guardSession (session: ServerHttp2Session, socket: Duplex, limits: Required<LimitOptions>): void {
  let open = 0
  // A session is idle when it has no stream: an open WebSocket may be silent for as long as it likes.
  if (limits.keepAliveTimeout > 0) session.setTimeout(limits.keepAliveTimeout, () => { if (open === 0) session.close() })
  const nuisance = countNuisances(session, socket, limits.nuisances)

  session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    open++
    const deadline = bodyDeadline(stream, headers, limits.requestTimeout)
    stream.once('close', () => {
      open--
      clearTimeout(deadline)
      // Rapid reset (CVE-2023-44487): asked, taken back, asked again, while the server works for nobody.
      if (stream.aborted) nuisance()
    })
  })
  session.on('ping', nuisance)
  session.on('remoteSettings', nuisance)
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
