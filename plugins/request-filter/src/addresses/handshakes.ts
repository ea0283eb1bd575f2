// Which handshakes have become WebSockets? Nobody tells of it: it is looked at when a client has reached its limit, since only then it matters.
import type { ServerHttp2Stream } from 'node:http2'
import type { FastifyReply } from 'fastify'

/** One handshake, in the list of its client's. */
export interface Handshake {
  readonly row: number
  readonly reply: FastifyReply
  /** What its connection had written before its answer. */
  readonly written: number
  listed: boolean
  older: Handshake | null
  younger: Handshake | null
}

/** The handshakes of each row that are not known to have succeeded. */
export class Handshakes {
  readonly #youngest: Array<Handshake | null | undefined> = []

  add (row: number, reply: FastifyReply): Handshake {
    const older = this.#youngest[row] ?? null
    const handshake = { row, reply, written: reply.request.raw.socket?.bytesWritten ?? 0, listed: true, older, younger: null }
    if (older !== null) older.younger = handshake
    this.#youngest[row] = handshake
    return handshake
  }

  /** Takes a handshake out of the list; false where it is out already. */
  strike (handshake: Handshake): boolean {
    if (!handshake.listed) return false
    handshake.listed = false
    const { row, older, younger } = handshake
    if (older !== null) older.younger = younger
    if (younger === null) this.#youngest[row] = older
    else younger.older = older
    return true
  }

  /** Takes those of a row out that have succeeded, and says how many these are. */
  settle (row: number): number {
    let settled = 0
    for (let one = this.#youngest[row] ?? null; one !== null; one = one.older) {
      if (hasSucceeded(one) && this.strike(one)) settled++
    }
    return settled
  }
}

/**
 * Over HTTP/1.1 the answer to a handshake that succeeds is written to the connection itself, and any other with the response. Over HTTP/2
 * it is a 200 (RFC 8441 §5).
 */
function hasSucceeded ({ reply: { raw, request }, written }: Handshake): boolean {
  const stream = (raw as { stream?: ServerHttp2Stream }).stream
  if (stream !== undefined) return stream.sentHeaders?.[':status'] === 200
  return !raw.headersSent && (request.raw.socket?.bytesWritten ?? 0) > written
}
