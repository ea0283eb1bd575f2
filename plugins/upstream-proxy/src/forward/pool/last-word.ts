// What has an upstream said that takes no more of a request? One that does not want a body may answer (413, 401) and close, unread
// bytes and all: what is written then fails, and Node would close the connection before it reads the answer that lies in it.
import type { Socket } from 'node:net'

const CLOSED: ReadonlySet<unknown> = new Set(['EPIPE', 'ECONNRESET'])

/** Has a socket go on reading after its other side has closed: `failed` is told of each write that came too late. The end, or an error, is read soon. */
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
