// Closes HTTP/2 connections after a connection error (RFC 9113 §5.4.1).
//
// For most of these errors nghttp2 queues the GOAWAY by itself, Node 20 stops reading, and no event tells: the streams stay open and the
// client's FIN is not seen. Later releases (22.23, 24.21) leave only sessions that are closing like this. The one sign is that such a session writes nothing any more, not even a PING. So a session that
// has read something and then falls silent gets a PING to write; if the PING is not written, the connection is cut. An error can
// only come with bytes that were read, so a silent session gets one PING, and no other until it has read again.
//
// upstream-proxy and listeners each have this file, since plugins never import each other; a test holds the two equal.

import type { Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { Roster } from './roster.ts'

/** How often the sessions are looked at, ms: a broken one is cut at the third look. */
const INTERVAL = 300
/** The length of a PING frame and of its acknowledgement (RFC 9113 §6.7). */
const PING = 17
/** How long a client that owes too many acknowledgements for another PING may say nothing, ms. */
const PATIENCE = 60_000
/** How long a session that was destroyed may take to send what it has written, ms. */
const LAST_WORD = 1000

const WATCHED = Symbol.for('@fastify-arr.broken-sessions')

type Session = Http2Session & { [WATCHED]?: true }

/** Node's own names: only the handle below TLS knows what waits to be sent. */
type Wired = Socket & { readonly _parent?: Wired | null, readonly _handle?: { readonly writeQueueSize: number } | null }

interface Watched {
  readonly session: Session
  readonly socket: Wired
  /** Plaintext bytes that had been read at the last look. */
  read: number
  /** Plaintext bytes that had been written when it was asked for a PING; null where it was not asked since it last read. */
  asked: number | null
  /** True where a PING was written after the last read: what was read is no error. */
  sound: boolean
  /** Since when it could neither be asked nor close; null where it can. */
  since: number | null
}

const all = new Roster<Watched>()
let timer: NodeJS.Timeout | undefined

/** Cuts the connection of `session` within a second of an HTTP/2 connection error. A second call for a session changes nothing. */
export function cutWhenBroken (session: Session): void {
  if (session[WATCHED] === true || session.destroyed) return
  session[WATCHED] = true
  // `session.socket` is a proxy that refuses `destroy`; what one chains on it is the socket itself.
  const socket = session.socket.once('close', () => {
    all.strike(place)
    if (all.size > 0) return
    clearInterval(timer)
    timer = undefined
  }) as Socket
  const place = all.add({ session, socket, read: 0, asked: null, sound: true, since: null })
  timer ??= setInterval(() => { for (const watched of all.members()) look(watched) }, INTERVAL).unref()
}

function look (watched: Watched): void {
  const { session, socket } = watched
  if (session.destroyed) {
    // Node destroys the session for the errors that it reports. It waits for a pending write, which never ends where the client does not read.
    if (!session.closed) cutAfter(LAST_WORD, watched)
    return
  }
  const { bytesRead } = socket
  if (bytesRead !== watched.read) {
    watched.read = bytesRead
    watched.asked = null
    watched.sound = false
    watched.since = null
  } else if (watched.sound) {
    // The usual case: nothing was read since the last check.
  } else if (watched.asked === null) {
    ask(watched)
  } else if (socket.bytesWritten !== watched.asked) {
    watched.sound = true
  } else if (isFlushed(socket)) {
    socket.destroy()
  }
}

function ask (watched: Watched): void {
  const { session, socket } = watched
  watched.asked = socket.bytesWritten
  if (session.closed) {
    // Node sends no PING on a closing session. A second GOAWAY changes nothing for the client (RFC 9113 §6.8).
    session.goaway()
    return
  }
  const sent = session.ping(error => {
    // Where the acknowledgement is all that was read, no second PING is needed.
    if (error !== null || watched.asked === null || socket.bytesRead - watched.read !== PING) return
    watched.read = socket.bytesRead
    watched.sound = true
  })
  if (sent) return
  watched.asked = null
  cutAfter(PATIENCE, watched)
}

function cutAfter (ms: number, watched: Watched): void {
  const now = performance.now()
  watched.since ??= now
  if (now - watched.since >= ms) watched.socket.destroy()
}

/** True where all writes have left: a pending write delays a PING as well. */
function isFlushed (socket: Wired): boolean {
  return (socket._parent ?? socket)._handle?.writeQueueSize === 0
}
