// How is the answer of an upstream read that no longer accepts the request? An upstream may answer (413, 401) and close without reading
// the body. The next write then fails, and Node would destroy the socket before it reads the answer that has already arrived.
import type { Socket } from 'node:net'

const CLOSED: ReadonlySet<unknown> = new Set(['EPIPE', 'ECONNRESET'])

/** Makes a socket continue reading after its peer has closed: a failed write is reported to `failed` and not to the socket. The socket soon reads the end, or an error. */
export function hearLastWord (socket: Socket, failed: (cause: Error) => void): void {
  const write = socket._write
  const writeMany = socket._writev as NonNullable<Socket['_writev']>
  socket._write = (part, encoding, done) => { write.call(socket, part, encoding, lateOr(done)) }
  socket._writev = (parts, done) => { writeMany.call(socket, parts, lateOr(done)) }

  function lateOr (done: (cause?: Error | null) => void): typeof done {
    return cause => {
      if (cause === null || cause === undefined || !CLOSED.has((cause as NodeJS.ErrnoException).code)) {
        done(cause)
      } else {
        failed(cause)
        done()
      }
    }
  }
}
