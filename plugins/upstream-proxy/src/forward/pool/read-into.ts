// Which buffer are the bytes of a connection read into? One per connection, which is reused for every read.
import type { OnReadOpts } from 'node:net'

// libuv reads at most this many bytes at a time.
const READ_SIZE = 65_536

/** Makes a socket that is being opened read into one buffer; `read` returns false to stop reading. `copied` is for TLS: it still delivers what it has decrypted after reading was stopped, which would overwrite earlier bytes that are still in use. */
export function readInto (copied: boolean, read: (bytes: Buffer) => boolean): OnReadOpts {
  const buffer = Buffer.allocUnsafeSlow(READ_SIZE)
  return { buffer, callback: copied ? size => read(Buffer.from(buffer.subarray(0, size))) : size => read(buffer.subarray(0, size)) }
}
