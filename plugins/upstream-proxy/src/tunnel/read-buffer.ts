// How is a socket read without a new buffer for every read? All read into one buffer, and into one of their own while they move bulk.
//
// Node allocates 64 KiB for each read. `net.connect({ onread })` lets a socket have its own buffer, but the client's socket
// comes from an HTTP server and was made without it. So what `onread` sets inside a socket is set afterwards: three symbols,
// found on a socket that was made with it, and `useUserBuffer` of its handle. All of this is private to Node; where any of it
// is missing `readInto` says no, and the socket is read by its 'data' events.
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/**
 * What a read gives: the bytes are valid only until the function returns. False stops the reading until `resume()`,
 * but TLS first gives what it has deciphered by then.
 */
export type OnRead = (this: Duplex, bytes: Buffer) => boolean

/** The one that all read into: what Node reads at a time. */
const SIZE = 65_536
/** One for bulk: large enough for few system calls, each of which wakes somebody, small enough to stay in the processor's cache. */
const BULK_SIZE = 262_144
/** How many of these there are at most, 32 MiB, whoever wants them. A tunnel that falls silent keeps its own. */
const MOST = 128
/** How many free ones are kept. */
const SPARE = 16

interface Handle { useUserBuffer?: (buffer: Buffer) => void }
interface Inside { buffer: symbol, callback: symbol, generator: symbol }
type Opened = Duplex & Record<symbol, unknown> & { _handle?: Handle | null }

const READ = Symbol('onRead')
const inside = lookInside()

let shared: Buffer | undefined
let next: Buffer
const spare: Buffer[] = []
let lent = 0

/** Has a socket read into reused buffers. False where that cannot be: then nothing has changed. */
export function readInto (socket: Duplex, onRead: OnRead): boolean {
  const opened = socket as Opened
  const handle = opened._handle
  if (inside === null || !(socket instanceof Socket) || typeof handle?.useUserBuffer !== 'function') return false
  shared ??= Buffer.allocUnsafeSlow(SIZE)
  opened[READ] = onRead
  opened[inside.callback] = readBytes
  opened[inside.generator] = nextBuffer
  opened[inside.buffer] = shared
  handle.useUserBuffer(shared)
  return true
}

/** A buffer for bulk for the reader that is being called, to read into from now on. Null where all are lent. */
export function takeBuffer (): Buffer | null {
  if (lent === MOST) return null
  lent++
  next = spare.pop() ?? Buffer.allocUnsafeSlow(BULK_SIZE)
  return next
}

/** Has the reader that is being called read into the shared buffer again. */
export function shareBuffer (): void {
  next = shared as Buffer
}

/** Gives a buffer back: nobody reads or writes it any more. */
export function giveBack (buffer: Buffer): void {
  lent--
  if (spare.length < SPARE) spare.push(buffer)
}

/** Gives up a buffer that somebody may still write from, where their socket is closed. */
export function dropBuffer (): void {
  lent--
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
