// Which protocols does a request ask to switch to, and which of those may it switch to?
import type { IncomingMessage } from 'node:http'
import { TOKEN } from '../headers/raw-headers.ts'

const WEBSOCKET = 'websocket'

/** The protocols of an `Upgrade` header, each a name with or without a version, as the client has written them (RFC 9110 §7.8). */
export function protocolsOf (upgrade: string | undefined): readonly string[] {
  if (upgrade === undefined) return []
  if (upgrade === WEBSOCKET) return [WEBSOCKET]
  return upgrade.split(',').map(protocol => protocol.trim()).filter(isProtocol)
}

/** True for a protocol's name, with or without a version. */
export function isProtocol (value: unknown): value is string {
  if (typeof value !== 'string') return false
  const [name, version, more] = value.split('/')
  return TOKEN.test(name as string) && (version === undefined || TOKEN.test(version)) && more === undefined
}

export function isWebSocket (protocol: string): boolean {
  return protocol.toLowerCase() === WEBSOCKET
}

/** True where a protocol is upgraded from by a request that is complete with its head: what follows the head of any other is its body, which Node does not parse. */
export function isBare ({ headers, httpVersion }: IncomingMessage): boolean {
  const length = headers['content-length']
  // Node requires a Host (RFC 9112 §3.2), but not in an upgrade. One of HTTP/1.0 must be ignored (RFC 9110 §7.8).
  return headers['transfer-encoding'] === undefined && (length === undefined || length === '0') && httpVersion === '1.1' && headers.host !== undefined
}

/** The protocols that a proxy tunnels. */
export class Upgrades {
  readonly #protocols: ReadonlySet<string>

  constructor (protocols: readonly string[]) {
    this.#protocols = new Set(protocols.map(protocol => protocol.toLowerCase()))
  }

  get none (): boolean {
    return this.#protocols.size === 0
  }

  /** True for a protocol that is tunnelled. A name without a version allows every version; a WebSocket's name has none. */
  allows (protocol: string): boolean {
    const lower = protocol.toLowerCase()
    if (this.#protocols.has(lower)) return true
    const slash = lower.indexOf('/')
    return slash !== -1 && lower.slice(0, slash) !== WEBSOCKET && this.#protocols.has(lower.slice(0, slash))
  }

  /** True where one of the protocols that a request asks for is tunnelled; undefined for a request that asks for none. */
  allowsOneOf (protocols: readonly string[] | undefined): boolean {
    return protocols?.some(protocol => this.allows(protocol)) === true
  }
}

/** Compiles the option `upgrades`, which must agree with `websocket`; mistakes are added to `mistakes`. */
export function compileUpgrades (upgrades: unknown, websocket: unknown, mistakes: string[]): Upgrades {
  if (upgrades === undefined) return new Upgrades(websocket === false ? [] : [WEBSOCKET])
  if (!Array.isArray(upgrades) || !upgrades.every(isProtocol)) {
    mistakes.push('`upgrades` must be a list of protocols, each a name with or without a version, such as websocket, tcp or SPDY/3.1')
    return new Upgrades([])
  }
  const named = upgrades.some(isWebSocket)
  if (named && websocket === false) mistakes.push('`upgrades` has websocket, and `websocket` is false')
  if (!named && websocket === true) mistakes.push('`websocket` is true, and `upgrades` does not have websocket')
  return new Upgrades(upgrades)
}
