// What are the options of @fastify/http-proxy in this package's own? Its defaults become explicit.
import type { UpstreamProxyOptions } from '../../options.ts'
import type { UpstreamTls } from '../../sockets/dial.ts'
import type { HttpProxyOptions, SocketOptions } from './peer-options.ts'

/** An options object whose keys are looked up by name. */
type Bag = Readonly<Record<string, unknown>>

const TLS = ['ca', 'cert', 'key', 'passphrase', 'pfx', 'servername', 'rejectUnauthorized', 'minVersion', 'maxVersion', 'ciphers', 'checkServerIdentity', 'crl', 'ecdhCurve', 'sigalgs', 'secureOptions', 'secureProtocol']
// What @fastify/http-proxy waits with its own client, undici, and with the option `http`, in ms.
const UNDICI = { connect: 10_000, answer: 300_000 }
const HTTP = { connect: 10_000, answer: 10_000 }

/** The options for the plugin. What belongs to routes is only checked there: these have their own. */
export function translate (options: HttpProxyOptions): UpstreamProxyOptions {
  const { upstream, prefix, rewritePrefix, replyOptions, preHandler, beforeHandler, preValidation, config, constraints } = options
  const { websocket } = options as SocketOptions
  const { logLevel, logSerializers } = options as { logLevel?: UpstreamProxyOptions['logLevel'], logSerializers?: unknown }
  const { connect, firstByte, idle, connections } = connectionsOf(options)
  const own = {
    upstream: upstream === '' ? undefined : upstream,
    prefix,
    rewritePrefix: rewritePrefix || undefined,
    websocket: websocket === true,
    preHandler: preHandler ?? beforeHandler,
    preValidation,
    config,
    constraints,
    logLevel,
    logSerializers,
    // Nothing is added about the client, and what it says of itself is passed on.
    forwarded: { for: 'keep', host: 'keep', proto: 'keep', standard: 'keep' },
    ownedHeaders: [],
    dropUnderscores: 'none',
    tls: tlsOf(options),
    timeouts: { connect, firstByte: replyOptions?.timeout ?? firstByte, idle: replyOptions?.timeout ?? idle, handshake: socketOf(options).handshakeTimeout },
    connections,
    retries: replyOptions?.retriesCount
  }
  return defined(own) as UpstreamProxyOptions
}

/** TLS towards upstreams of HTTP requests. As in @fastify/http-proxy, certificates are verified only where an option says so. */
function tlsOf (options: HttpProxyOptions): UpstreamTls {
  return { rejectUnauthorized: false, ...givenTls(options) }
}

/** True where no option says whether certificates are verified. */
export function leavesUnverified (options: HttpProxyOptions): boolean {
  return givenTls(options).rejectUnauthorized === undefined
}

function givenTls ({ http, undici }: HttpProxyOptions): Bag {
  return tlsIn({ ...bag(http, 'agentOptions'), ...bag(http, 'requestOptions'), ...bag(undici, 'tls'), ...bag(undici, 'connect') })
}

/** TLS towards upstreams of WebSockets: certificates are verified by default. */
export function socketTls (options: HttpProxyOptions): UpstreamTls {
  return tlsIn(socketOf(options))
}

function socketOf (options: HttpProxyOptions): Bag {
  return bag(options as unknown as Bag, 'wsClientOptions')
}

/** Time limits, in ms, and how many connections there may be. */
function connectionsOf ({ http, http2, undici }: HttpProxyOptions): { connect: unknown, firstByte: unknown, idle: unknown, connections: object } {
  if (http || http2 || (undici as unknown) === false) {
    const { timeout } = bag(http, 'requestOptions')
    const { maxSockets, maxFreeSockets } = bag(http, 'agentOptions')
    const answer = timeout || HTTP.answer
    const connections = defined({ max: maxSockets === Infinity ? undefined : maxSockets, idle: maxFreeSockets === Infinity ? undefined : maxFreeSockets })
    return { connect: HTTP.connect, firstByte: answer, idle: answer, connections }
  }
  const { connectTimeout, headersTimeout, bodyTimeout, connections } = bag({ undici }, 'undici')
  const { timeout } = bag(undici, 'connect')
  return {
    connect: timeout ?? connectTimeout ?? UNDICI.connect,
    firstByte: headersTimeout ?? UNDICI.answer,
    idle: bodyTimeout ?? UNDICI.answer,
    connections: defined({ max: connections ?? undefined })
  }
}

function tlsIn (source: Bag): Bag {
  return defined(Object.fromEntries(TLS.map(name => [name, source[name]])))
}

function bag (options: unknown, key: string): Bag {
  const value = (options as Bag | null | undefined)?.[key]
  return typeof value === 'object' && value !== null ? value as Bag : {}
}

function defined (options: Bag): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
