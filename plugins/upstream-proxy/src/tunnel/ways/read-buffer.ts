// How is a socket read without a new buffer for every read? All sockets read into one shared buffer; a socket that moves bulk data
// reads into a buffer of its own.
//
// Node allocates 64 KiB for each read. `net.connect({ onread })` gives a socket its own buffer, but the client's socket is created
// by the HTTP server without that option. So this module sets afterwards what `onread` sets inside a socket: three symbols, which
// are found on a socket created with it, and `useUserBuffer` of the handle. All of this is private to Node. Where any of it is
// missing, `readInto` returns false, and the socket is read by 'data' events.
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/**
 * Called for each read. The bytes are valid only until the function returns. False stops reading until `resume()`;
 * TLS first delivers what it has already decrypted.
 */
export type OnRead = (this: Duplex, bytes: Buffer) => boolean

/** The size of the shared buffer: as much as Node reads at a time. */
const SIZE = 65_536
/** The size of a buffer for bulk: large enough for few system calls, each of which wakes a process, and small enough to stay in the processor's cache. */
const BULK_SIZE = 262_144
/** The most bulk buffers at a time for the whole process, 32 MiB in all. A tunnel that falls silent keeps its buffer. */
const MOST = 128
/** How many unused bulk buffers are kept. */
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

/** Makes a socket read into reused buffers. False where that is not possible; then nothing has changed. */
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

/** Whether a socket reads into reused buffers. */
export function isReadInto (socket: Duplex): boolean {
  return READ in socket
}

/** Lends a bulk buffer to the reader that is being called; its socket reads into it from now on. Null where all are lent. */
export function takeBuffer (): Buffer | null {
  if (lent === MOST) return null
  lent++
  next = spare.pop() ?? Buffer.allocUnsafeSlow(BULK_SIZE)
  return next
}

/** Makes the socket of the reader that is being called read into the shared buffer again. */
export function shareBuffer (): void {
  next = shared as Buffer
}

/** Returns a bulk buffer that no socket reads into or writes from any more. */
export function giveBack (buffer: Buffer): void {
  lent--
  if (spare.length < SPARE) spare.push(buffer)
}

/** Gives up a bulk buffer of a closed socket. It is not reused, because another socket may still write from it. */
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
