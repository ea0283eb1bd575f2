// What may the plugin be told, and which values are invalid?
import { InvalidOptionsError } from './errors.ts'
import { unknownOptions } from './known-options.ts'
import type { GoodbyeSettings } from './worker/goodbye.ts'
import type { HandOverSettings } from './worker/hand-over.ts'

/** Options of the plugin. Times are in ms. */
export interface WorkersOptions {
  /** How open tunnels move to the new workers at a reload; false for not at all. */
  readonly handOver?: false | {
    /** How many are on their way at a time. Defaults to 32. */
    readonly atOnce?: number
    /** How long one may be on its way; later it stays. Defaults to 5000. */
    readonly timeLimit?: number
  }
  /** What WebSockets are told that could not move, when the supervisor's `drainAfter` is over. */
  readonly goodbye?: {
    /** Defaults to 1012, service restart. */
    readonly code?: number
    /** Defaults to `service restart`. */
    readonly reason?: string
    /** Over which time the Close frames are spread. Defaults to 10000. */
    readonly window?: number
  }
  /** How long a worker that has left answers requests on connections that are kept alive, each with `Connection: close`. Defaults to 5000. */
  readonly linger?: number
}

/** The options as they run. */
export interface Settings {
  readonly handOver: HandOverSettings | null
  readonly goodbye: GoodbyeSettings
  readonly linger: number
}

const OPTIONS: Readonly<Record<keyof WorkersOptions, true>> = { handOver: true, goodbye: true, linger: true }
const MOST_TIME = 2 ** 31 - 1

/** Compiles the options, or throws one InvalidOptionsError that lists every mistake. */
export function compile (options: WorkersOptions): Settings {
  const mistakes = unknownOptions(options, Object.keys(OPTIONS))
  const { handOver = {}, goodbye = {}, linger = 5000 } = options
  const moving = handOver === false ? {} : handOver
  check('handOver', moving, ['atOnce', 'timeLimit'], '{ atOnce, timeLimit } or false')
  check('goodbye', goodbye, ['code', 'reason', 'window'], '{ code, reason, window }')
  const { atOnce = 32, timeLimit = 5000 } = moving ?? {}
  const { code = 1012, reason = 'service restart', window = 10_000 } = goodbye ?? {}
  if (!Number.isInteger(atOnce) || atOnce < 1 || atOnce > 1024) mistakes.push('`handOver.atOnce` must be a whole number from 1 to 1024')
  if (!maySend(code)) mistakes.push('`goodbye.code` must be a code that an endpoint may send')
  if (typeof reason !== 'string' || Buffer.byteLength(reason) > 123) mistakes.push('`goodbye.reason` must be a text of at most 123 bytes')
  for (const [name, time] of Object.entries({ 'handOver.timeLimit': timeLimit, 'goodbye.window': window, linger })) {
    if (typeof time !== 'number' || !(time >= 0 && time <= MOST_TIME)) mistakes.push(`\`${name}\` must be a number from 0 to ${MOST_TIME}`)
  }
  if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.join('; '))
  return { handOver: handOver === false ? null : { atOnce, timeLimit }, goodbye: { code, reason, window }, linger }

  function check (name: string, value: object | null, known: readonly string[], shape: string): void {
    if (typeof value !== 'object' || value === null) mistakes.push(`\`${name}\` must be ${shape}`)
    else mistakes.push(...unknownOptions(value, known).map(mistake => mistake.replace('`', `\`${name}.`)))
  }
}

/** RFC 6455 §7.4. */
function maySend (code: unknown): boolean {
  return Number.isInteger(code) && ((code as number) >= 1000 && (code as number) <= 1014 ? ![1004, 1005, 1006].includes(code as number) : (code as number) >= 3000 && (code as number) <= 4999)
}
