// How is a socket read without a new buffer for every read? All read into one buffer, and into one of their own while they move bulk.
//
// Node allocates 64 KiB for each read. `net.connect({ onread })` lets a socket have its own buffer, but the client's socket
// comes from an HTTP server and was made without it. So what `onread` sets inside a socket is set afterwards: three symbols,
// found on a socket that was made with it, and `useUserBuffer` of its handle. All of this is private to Node; where any of it
// is missing, and on TLS, `readInto` says no and the socket is read by its 'data' events.
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** What a read gives: the bytes are valid only until the function returns. False stops the reading until `resume()`. */
export type OnRead = (this: Duplex, bytes: Buffer) => boolean

/** Large enough for few system calls, small enough to stay in the processor's cache. */
const SIZE = 65_536
/** How many free buffers are kept for the next one who moves bulk. */
const SPARE = 16

interface Handle { useUserBuffer?: (buffer: Buffer) => void }
interface Inside { buffer: symbol, callback: symbol, generator: symbol }
type Opened = Duplex & Record<symbol, unknown> & { _handle?: Handle | null, encrypted?: boolean }

const READ = Symbol('onRead')
const inside = lookInside()

let shared: Buffer | undefined
let next: Buffer
const spare: Buffer[] = []

/** Has a socket read into reused buffers. False where that cannot be: then nothing has changed. */
export function readInto (socket: Duplex, onRead: OnRead): boolean {
  const opened = socket as Opened
  const handle = opened._handle
  if (inside === null || opened.encrypted === true || !(socket instanceof Socket) || typeof handle?.useUserBuffer !== 'function') return false
  shared ??= Buffer.allocUnsafeSlow(SIZE)
  opened[READ] = onRead
  opened[inside.callback] = readBytes
  opened[inside.generator] = nextBuffer
  opened[inside.buffer] = shared
  handle.useUserBuffer(shared)
  return true
}

/** A buffer of the pool for the reader that is being called, to read into from now on. */
export function takeBuffer (): Buffer {
  next = spare.pop() ?? Buffer.allocUnsafeSlow(SIZE)
  return next
}

/** Has the reader that is being called read into the shared buffer again. */
export function shareBuffer (): void {
  next = shared as Buffer
}

/** Gives a buffer back to the pool: nobody reads or writes it any more. */
export function giveBack (buffer: Buffer): void {
  if (spare.length < SPARE) spare.push(buffer)
}

function readBytes (this: Opened, length: number, buffer: Buffer): boolean {
  next = buffer
  return (this[READ] as OnRead).call(this, buffer.subarray(0, length))
}

// Node asks for the next buffer right after each read.
function nextBuffer (): Buffer {
  return next
}

function lookInside (): Inside | null {
  const probe = new Socket({ onread: { buffer: Buffer.alloc(1), callback: () => true } } as never)
  const symbols = Object.getOwnPropertySymbols(probe)
  const named = (name: string) => symbols.find(symbol => symbol.description === name)
  const buffer = named('kBuffer')
  const callback = named('kBufferCb')
  const generator = named('kBufferGen')
  probe.destroy()
  return buffer === undefined || callback === undefined || generator === undefined ? null : { buffer, callback, generator }
}
