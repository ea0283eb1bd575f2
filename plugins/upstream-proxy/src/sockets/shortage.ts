// How does the log learn that the process has no file descriptor left? By one line for all connections that could not be opened.
//
// libuv closes a client's connection that gets no descriptor, without any event: so a timer tests whether one is available.
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { systemCodeOf } from '../errors.ts'

/** The limit of the process, that of the system, and the Windows code for both. */
const CODES: ReadonlySet<string | null> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS'])

/** Between two tests, ms. */
const TRY = 5000
/** How long failures are counted before the first line, and between two lines, ms. */
const FIRST = 1000
const NEXT = 60_000

/** Called with the number of connections to upstreams that failed since the last call; 0 where the timer alone noticed the shortage. */
export type Tell = (count: number) => void

const tellers: Tell[] = []
let count = 0
let told = -Infinity
let line: NodeJS.Timeout | undefined
let tries: NodeJS.Timeout | undefined

/** Has a shortage reported. Descriptors belong to the process, so only the first caller reports it. Returns the function that ends it. */
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

/** Counts a connection that failed for lack of descriptors; ignores other causes. */
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
