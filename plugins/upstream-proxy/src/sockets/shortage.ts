// Who is told that the process has no file descriptor left? The log, in one line for all connections that could not be opened.
//
// A client's connection that finds none is closed by libuv, and nobody is told: so whether there is one is tried from time to time.
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { systemCodeOf } from '../errors.ts'

/** The limit of the process, that of the system, and what Windows says of either. */
const CODES: ReadonlySet<string | null> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS'])

/** Between two tries, ms. */
const TRY = 5000
/** Time over which the first line counts, and that between two lines, ms. */
const FIRST = 1000
const NEXT = 60_000

/** Told how many connections to upstreams were not opened since the last time; 0 where none was asked for meanwhile. */
export type Tell = (count: number) => void

const tellers: Tell[] = []
let count = 0
let told = -Infinity
let line: NodeJS.Timeout | undefined
let tries: NodeJS.Timeout | undefined

/** Has a shortage told. Descriptors are the process's, so it is told once, however many ask. Returns what ends it. */
export function tellShortage (tell: Tell): () => void {
  tellers.push(tell)
  tries ??= setInterval(tryOne, TRY).unref()
  return () => {
    const at = tellers.indexOf(tell)
    if (at === -1) return
    if (tellers.length === 1 && line !== undefined) say()
    tellers.splice(at, 1)
    if (tellers.length > 0) return
    clearInterval(tries)
    tries = undefined
  }
}

/** Counts a connection that failed for a lack of descriptors; any other cause is none. */
export function countShortage (cause: unknown): void {
  if (!CODES.has(systemCodeOf(cause))) return
  count++
  sayLater()
}

function tryOne (): void {
  try {
    closeSync(openSync(devNull, 'r'))
  } catch (cause) {
    if (CODES.has(systemCodeOf(cause))) sayLater()
  }
}

function sayLater (): void {
  line ??= setTimeout(say, Math.max(FIRST, told + NEXT - performance.now())).unref()
}

function say (): void {
  clearTimeout(line)
  line = undefined
  told = performance.now()
  tellers[0]?.(count)
  count = 0
}
