// Which options of @fastify/http-proxy have no meaning here? Each is an error that says why, and what to do.
import { unknownOptions } from '../../options/known-options.ts'
import type { HttpProxyOptions, SocketOptions } from './peer-options.ts'

// A record, so that a missing key is a compile error.
const OPTIONS: Readonly<Record<Exclude<keyof HttpProxyOptions, number> | 'wsHooks' | 'wsReconnect', true>> = {
  upstream: true,
  prefix: true,
  rewritePrefix: true,
  proxyPayloads: true,
  preHandler: true,
  beforeHandler: true,
  preValidation: true,
  handler: true,
  preRewrite: true,
  config: true,
  replyOptions: true,
  websocket: true,
  wsUpstream: true,
  wsHooks: true,
  wsReconnect: true,
  wsClientOptions: true,
  wsServerOptions: true,
  routes: true,
  httpMethods: true,
  constraints: true,
  internalRewriteLocationHeader: true,
  base: true,
  cacheURLs: true,
  disableCache: true,
  http: true,
  http2: true,
  undici: true,
  balancedPoolOptions: true,
  contentTypesToEncode: true,
  retryMethods: true,
  maxRetriesOn503: true,
  disableRequestLogging: true,
  globalAgent: true,
  destroyAgent: true
}
// An option of old versions, which @fastify/http-proxy 11 never calls either.
const FORMER = 'getWebSocketUpstream'

const MESSAGES = 'a tunnel passes messages unread; let the upstream or the client look at them, or count them with `request.upstream.tunnel`'
const RECONNECT = 'the WebSocket is the client\'s own, and ends with its upstream; let the client open a new one'
const CONNECTIONS = 'connections are made by this package; TLS options and time limits are taken from here, `upstream` may be a unix socket'
const AGAIN = 'a request that the upstream may have received is not sent again, and a 503 is an answer; `replyOptions.retriesCount` says how often opening a connection is tried again'

/** Options in which any value has no meaning here, by their path. */
const MEANINGLESS: Readonly<Record<string, string>> = {
  wsReconnect: RECONNECT,
  'wsHooks.onReconnect': RECONNECT,
  'wsHooks.onPong': RECONNECT,
  'wsHooks.onIncomingMessage': MESSAGES,
  'wsHooks.onOutgoingMessage': MESSAGES,
  'wsServerOptions.handleProtocols': 'the upstream chooses the sub-protocol, and the client gets its answer; choose at the upstream',
  'wsServerOptions.maxPayload': MESSAGES,
  'wsServerOptions.path': 'the proxy\'s routes say which paths it has; use `prefix` or `routes`',
  'wsServerOptions.WebSocket': MESSAGES,
  'wsClientOptions.maxPayload': MESSAGES,
  'wsClientOptions.generateMask': MESSAGES,
  'wsClientOptions.followRedirects': 'the client gets the upstream\'s redirect; let it follow',
  'wsClientOptions.agent': CONNECTIONS,
  'wsClientOptions.createConnection': CONNECTIONS,
  'wsClientOptions.finishRequest': CONNECTIONS,
  http2: 'upstreams are spoken to in HTTP/1.1; leave it out',
  balancedPoolOptions: 'there is one upstream at a time; choose it in `replyOptions.getUpstream`',
  maxRetriesOn503: AGAIN,
  'replyOptions.maxRetriesOn503': AGAIN,
  'replyOptions.retryDelay': AGAIN,
  'http.agents': CONNECTIONS,
  'http.requestOptions.agent': CONNECTIONS,
  'http.requestOptions.createConnection': CONNECTIONS,
  'undici.request': CONNECTIONS,
  'undici.proxy': CONNECTIONS,
  'undici.factory': CONNECTIONS,
  'undici.interceptors': CONNECTIONS
}

const FUNCTIONS = ['handler', 'preRewrite', 'wsHooks.onConnect', 'wsHooks.onDisconnect', 'wsServerOptions.verifyClient', 'wsClientOptions.rewriteRequestHeaders',
  'replyOptions.getUpstream', 'replyOptions.onResponse', 'replyOptions.onError', 'replyOptions.rewriteHeaders', 'replyOptions.rewriteRequestHeaders']
const LISTS = ['routes', 'httpMethods', 'contentTypesToEncode']
const OBJECTS = ['replyOptions', 'wsHooks', 'wsClientOptions', 'wsServerOptions']

/** A sentence for each mistake. */
export function mistakesIn (options: HttpProxyOptions): string[] {
  const { upstream, replyOptions } = options
  const { websocket, wsUpstream } = options as SocketOptions
  const mistakes = unknownOptions(options, [...Object.keys(OPTIONS), FORMER])
  const isChosen = (upstream === '' || wsUpstream === '') && typeof replyOptions?.getUpstream === 'function'
  if (!upstream && websocket !== true && !isChosen) mistakes.push('upstream must be specified')
  if (Array.isArray(upstream)) mistakes.push(`\`upstream\` must be one URL: ${MEANINGLESS.balancedPoolOptions}`)
  for (const path of OBJECTS) {
    const value = at(options, path)
    if (value !== undefined && value !== null && typeof value !== 'object') mistakes.push(`\`${path}\` must be an object`)
  }
  for (const path of FUNCTIONS) {
    const value = at(options, path)
    if (value !== undefined && typeof value !== 'function') mistakes.push(`\`${path}\` must be a function`)
  }
  for (const path of LISTS) {
    const value = at(options, path)
    if (value !== undefined && !(Array.isArray(value) && value.every(one => typeof one === 'string'))) mistakes.push(`\`${path}\` must be a list of strings`)
  }
  for (const [path, reason] of Object.entries(MEANINGLESS)) {
    if (at(options, path)) mistakes.push(`\`${path}\` has no meaning in @fastify-arr/upstream-proxy: ${reason}`)
  }
  return mistakes
}

/** The value at a path such as `wsHooks.onPong`. */
function at (options: object, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | null | undefined)?.[key], options)
}
