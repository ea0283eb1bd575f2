// What may be set for one farm alone, as in ARR's <protocol> of a farm? What is not given there is the proxy's own.
import type { ForwardOptions, ForwardTimeouts } from '../forward/options.ts'
import type { ForwardingOptions } from '../headers/forwarding-headers.ts'
import { checkKeys } from '../options/known-keys.ts'
import type { UpstreamTls } from '../sockets/dial.ts'
import type { DialTimeouts } from '../sockets/dial-options.ts'
import { FRAME_KEYS } from '../tunnel/frames/frame-options.ts'
import type { TunnelOptions } from '../tunnel/options.ts'

const TUNNEL_KEYS = ['idleTimeout', 'maxAge', 'closeGrace', 'halfCloseTimeout', 'keepAlive', ...FRAME_KEYS] as const

/** The limits of one farm's tunnels. How many there may be at a time, and how they are drained, is the proxy's. */
export type FarmTunnelOptions = Pick<TunnelOptions, typeof TUNNEL_KEYS[number]>

/** Options for the exchanges with one farm. Each defaults to the proxy's own; of a group (`timeouts`, `connections`, `websocket`), each part does. */
export interface FarmProxyOptions extends Pick<ForwardOptions, 'connections' | 'minBytesPerSecond' | 'reverseRewrite' | 'maxHeadSize'> {
  /** The Host header that its servers get, where the farm has no other for a server: `upstream`, `preserve` or a fixed value. */
  hostHeader?: 'upstream' | 'preserve' | (string & {})
  /** What happens to X-Forwarded-For, -Host, -Proto and Forwarded. */
  forwarded?: ForwardingOptions
  /** Whether its servers are told about the client's TLS as ARR does. */
  arrHeaders?: boolean
  /** Time limits, in ms; 0 switches one off. */
  timeouts?: DialTimeouts & ForwardTimeouts
  /** TLS towards its servers, for URLs with https. */
  tls?: UpstreamTls
  /** The limits of its tunnels. */
  websocket?: FarmTunnelOptions
}

// A record, so that a missing key is a compile error.
const KEYS: Readonly<Record<keyof FarmProxyOptions, true>> = {
  hostHeader: true,
  forwarded: true,
  arrHeaders: true,
  timeouts: true,
  tls: true,
  websocket: true,
  connections: true,
  minBytesPerSecond: true,
  reverseRewrite: true,
  maxHeadSize: true
}
const FARM = /^[\w.-]+$/

/** The options of a proxy, as far as those of its farms go into them. */
interface Whole {
  farms?: Readonly<Record<string, FarmProxyOptions>>
  timeouts?: object
  connections?: object
  websocket?: boolean | TunnelOptions
}

/** Compiles the settings of each farm that has options, by its name in lower case; mistakes are added to `mistakes`. `compileOne` does so for the options of a proxy. */
export function compileFarms<Settings> (options: Whole, mistakes: string[], compileOne: (options: object, mistakes: string[]) => Settings): ReadonlyMap<string, Settings> {
  const given: unknown = options.farms ?? {}
  const farms = new Map<string, Settings>()
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    mistakes.push('`farms` must be an object with the options of each farm by its name')
    return farms
  }
  const all = Object.entries(given as NonNullable<Whole['farms']>)
  for (const [name, own] of all) {
    if (!FARM.test(name)) mistakes.push(`\`farms\` has ${JSON.stringify(name)}, which is no name of a farm`)
    else if (all.some(([other]) => other !== name && other.toLowerCase() === name.toLowerCase())) mistakes.push(`\`farms\` has ${JSON.stringify(name)} twice, in different cases`)
    else checkFarm(name, own, mistakes, compileOne)
  }
  if (mistakes.length > 0) return farms
  for (const [name, own] of all) farms.set(name.toLowerCase(), compileOne(merged(options, own), mistakes))
  return farms
}

function checkFarm (name: string, own: FarmProxyOptions, mistakes: string[], compileOne: (options: object, mistakes: string[]) => unknown): void {
  const before = mistakes.length
  checkKeys(`farms.${name}`, own, Object.keys(KEYS), mistakes)
  if (mistakes.length === before && own !== undefined) {
    const { websocket } = own
    if (websocket !== undefined) checkKeys(`farms.${name}.websocket`, websocket, TUNNEL_KEYS, mistakes)
  }
  if (mistakes.length > before) return
  const inside: string[] = []
  compileOne(own ?? {}, inside)
  // Each names its option first.
  mistakes.push(...inside.map(mistake => mistake.replace(/^`/, `\`farms.${name}.`)))
}

function merged ({ farms: _, ...options }: Whole, own: FarmProxyOptions = {}): object {
  const { timeouts, connections, websocket } = own
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined))
  return {
    ...options,
    ...given,
    timeouts: { ...options.timeouts, ...timeouts },
    connections: { ...options.connections, ...connections },
    websocket: websocket === undefined || options.websocket === false ? options.websocket : { ...(typeof options.websocket === 'object' && options.websocket), ...websocket }
  }
}
