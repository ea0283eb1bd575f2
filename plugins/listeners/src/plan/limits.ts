// How much may a client take? The defaults of a listener's limits, and how limits are read over others.

import type { LimitOptions } from '../options.ts'

/** The defaults. */
export const DEFAULT_LIMITS: Required<LimitOptions> = {
  connections: 0,
  connectionsPerAddress: 0,
  handshakeTimeout: 10_000,
  headersTimeout: 30_000,
  requestTimeout: 300_000,
  sendTimeout: 60_000,
  keepAliveTimeout: 72_000,
  headerSize: 16_384,
  streams: 128,
  nuisances: 500
}

/** The longest delay of a Node.js timer, ms: a longer one fires at once. */
export const LONGEST_TIMEOUT = 2_147_483_647

/** Is told each mistake: where in the options it is, such as `.limits.streams`, and the end of the sentence about it. */
export type Mistake = (at: string, text: string) => void

/** Reads limits; what is left out comes from `base`. */
export function readLimits (options: LimitOptions | undefined, base: Required<LimitOptions>, mistake: Mistake): Required<LimitOptions> {
  if (options === undefined) return base
  const limits: Record<string, number> = { ...base }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) mistake(`.limits.${name}`, `is no limit; there are ${Object.keys(DEFAULT_LIMITS).join(', ')}`)
    else if (!(Number.isInteger(value) && value >= 0)) mistake(`.limits.${name}`, 'must be a whole number, 0 or more')
    else if (name.endsWith('Timeout') && value > LONGEST_TIMEOUT) mistake(`.limits.${name}`, `must be at most ${LONGEST_TIMEOUT}; 0 is no limit`)
    else limits[name] = value
  }
  return limits as unknown as Required<LimitOptions>
}
