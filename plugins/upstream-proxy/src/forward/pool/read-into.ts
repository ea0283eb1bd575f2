// What are the bytes of a connection read into? One buffer of its own, again and again.
import type { OnReadOpts } from 'node:net'

// libuv reads no more at a time.
const READ_SIZE = 65_536

/** Has a socket that is dialled read into a buffer; `read` gives false where it is to stop. `copied` for TLS: it goes on telling what it has decrypted after it was told to stop, and what it told before must not lie in the buffer any more. */
export function readInto (copied: boolean, read: (bytes: Buffer) => boolean): OnReadOpts {
  const buffer = Buffer.allocUnsafeSlow(READ_SIZE)
  return { buffer, callback: copied ? size => read(Buffer.from(buffer.subarray(0, size))) : size => read(buffer.subarray(0, size)) }
}
