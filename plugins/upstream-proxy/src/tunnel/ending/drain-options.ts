// What may be configured about the drain, and what does it compile to?
import { checkKeys } from '../../options/known-keys.ts'
import { isTime, MAX_TIME } from '../../options/time-limit.ts'
import { compileGoodbye, type Goodbye } from './goodbye.ts'

/** How tunnels are ended when the server closes. Times are in ms. */
export interface DrainOptions extends Goodbye {
  /** The shortest time over which the Close frames are spread with the pace `window`, so that the clients do not all reconnect at once. Defaults to 1000. */
  window?: number
  /**
   * The most tunnels that are told goodbye in a second, by all proxies of the server together: with more tunnels the drain takes
   * longer than `window`. Where the deadline comes before, the rate is higher. 0 for no limit. Defaults to 1000: about the
   * number of TLS handshakes that one core takes in a second, and each Close frame is answered by a new handshake.
   */
  perSecond?: number
  /**
   * When the next tunnels are told goodbye: `window` spreads all of them evenly over time, `follow` tells the next ones when
   * earlier ones have ended. Defaults to `window`.
   */
  pace?: 'window' | 'follow'
  /** With the pace `follow`, the most tunnels at a time that are told and have not ended, of all proxies of the server together. Defaults to 100. */
  underway?: number
  /** When tunnels that are still open are cut, counted from the start of the drain. All are told before. 0 for never. Defaults to 3500. */
  deadline?: number
}

/** The compiled drain options. */
export type DrainSettings = Readonly<Required<DrainOptions>>

const PACES = ['window', 'follow'] as const
const TIMES = ['window', 'deadline'] as const

/** Compiles the drain options; their mistakes are added to `mistakes`. */
export function compileDrain (options: DrainOptions | undefined, mistakes: string[]): DrainSettings {
  checkKeys('websocket.drain', options, ['code', 'reason', 'perSecond', 'pace', 'underway', ...TIMES], mistakes)
  const given = options ?? {}
  const { window = 1000, perSecond = 1000, pace = 'window', underway = 100, deadline = 3500 } = given
  const goodbye = compileGoodbye('websocket.drain', given, 1001, mistakes)
  const times = { window, deadline }
  for (const key of TIMES) {
    if (!isTime(times[key])) mistakes.push(`\`websocket.drain.${key}\` must be a number from 0 to ${MAX_TIME}`)
  }
  if (!Number.isSafeInteger(perSecond) || perSecond < 0) mistakes.push('`websocket.drain.perSecond` must be a whole number, 0 or more')
  if (!PACES.includes(pace)) mistakes.push('`websocket.drain.pace` must be `window` or `follow`')
  if (!Number.isSafeInteger(underway) || underway < 1) mistakes.push('`websocket.drain.underway` must be a whole number, 1 or more')
  return { ...goodbye, window, perSecond, pace, underway, deadline }
}
