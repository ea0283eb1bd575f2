// How much may a client take? The limits of a listener, with their defaults.

/** Limits, each with a default that suits a server on the open Internet. Times are in milliseconds; 0 switches a limit off. */
export interface LimitOptions {
  /** Connections of this listener at once. Default: 0, no limit. */
  readonly connections?: number
  /** Connections of one client address at once. Default: 0, no limit. */
  readonly connectionsPerAddress?: number
  /** Until the TLS handshake is done. Default: 10000. */
  readonly handshakeTimeout?: number
  /** Until a request's headers are there. Default: 30000. */
  readonly headersTimeout?: number
  /** Until a whole request with its body is there; raise it for large uploads over slow lines. Default: 300000. */
  readonly requestTimeout?: number
  /** How long a client may leave an answer waiting, or take less than 240 bytes of it a second. WebSockets are not meant. Default: 60000. */
  readonly sendTimeout?: number
  /** How long a connection waits for its next request. Default: 72000, Fastify's own. */
  readonly keepAliveTimeout?: number
  /** Bytes of a request's headers, on either protocol. Default: 16384. */
  readonly headerSize?: number
  /** Requests and WebSockets at once on one HTTP/2 connection. Default: 128. */
  readonly streams?: number
  /** Resets, PINGs and SETTINGS that one HTTP/2 connection may send within ten seconds, before it is cut (rapid reset and its relatives). Default: 500. */
  readonly nuisances?: number
}

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

/** More than this many milliseconds, and a timer of Node's ends at once. */
export const LONGEST_TIMEOUT = 2_147_483_647

/** Reads limits over others. */
export function readLimits (options: LimitOptions | undefined, base: Required<LimitOptions>, mistake: (text: string) => void): Required<LimitOptions> {
  if (options === undefined) return base
  const limits: Record<string, number> = { ...base }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) mistake(`limits.${name} is no limit; there are ${Object.keys(DEFAULT_LIMITS).join(', ')}`)
    else if (!(Number.isInteger(value) && value >= 0)) mistake(`limits.${name} must be a whole number, 0 or more`)
    else if (name.endsWith('Timeout') && value > LONGEST_TIMEOUT) mistake(`limits.${name} must be at most ${LONGEST_TIMEOUT}; 0 is no limit`)
    else limits[name] = value
  }
  return limits as unknown as Required<LimitOptions>
}
