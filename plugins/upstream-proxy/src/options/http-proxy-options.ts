// What are the options of @fastify/http-proxy called here? Each of its keys gets an error that names the equivalent.

// The options of @fastify/http-proxy 11 and @fastify/reply-from 12 that have another name here, or no equivalent.
const EQUIVALENTS: Readonly<Record<string, string>> = {
  // Routes
  httpMethods: 'is `methods` here',
  beforeHandler: 'is `preHandler` here',
  routes: 'has no equivalent; `prefix` says where the proxy stands, and all beneath is taken',
  handler: 'has no equivalent; `preHandler` may answer instead of the upstream, `rewriteResponse` changes what it answers',
  preRewrite: 'is `to` here',
  proxyPayloads: 'has no equivalent; bodies always pass as they came',
  contentTypesToEncode: 'has no equivalent; bodies always pass as they came',
  // What is sent and what comes back
  base: 'is `upstream` here',
  replyOptions: 'has no equivalent; `to` chooses the upstream, `rewriteRequest` and `rewriteResponse` change headers',
  getUpstream: 'is `to` here',
  rewriteHeaders: 'is `rewriteResponse` here',
  rewriteRequestHeaders: 'is `rewriteRequest` here',
  internalRewriteLocationHeader: 'is `reverseRewrite` here',
  // Connections
  undici: 'has no equivalent; `connections`, `timeouts` and `tls` say how upstreams are connected to',
  http: 'has no equivalent; `connections`, `timeouts` and `tls` say how upstreams are connected to',
  balancedPoolOptions: 'has no equivalent; `to` chooses among upstreams',
  http2: 'has no equivalent; upstreams are spoken to in HTTP/1.1',
  globalAgent: 'has no equivalent; `connections` says how many there are',
  destroyAgent: 'has no equivalent; connections end with the server',
  retryMethods: 'has no equivalent; `retries` repeats nothing that was sent',
  maxRetriesOn503: 'has no equivalent; a 503 is an answer like any other',
  cacheURLs: 'has no equivalent; nothing is cached',
  disableCache: 'has no equivalent; nothing is cached',
  disableRequestLogging: 'has no equivalent; `logLevel` is for the log of these requests',
  // WebSockets
  wsUpstream: 'has no equivalent; `to` chooses the upstream of a WebSocket as well',
  wsServerOptions: 'has no equivalent; WebSockets pass untouched, and `websocket` has the limits',
  wsClientOptions: 'has no equivalent; `rewriteRequest` changes the headers of a handshake, `tls` is for TLS',
  wsReconnect: 'has no equivalent; a WebSocket ends with its upstream, and the client opens a new one',
  wsHooks: 'has no equivalent; messages pass untouched, and `request.upstream.tunnel` tells of them'
}

const DROP_IN = '`@fastify-arr/upstream-proxy/http-proxy` is a drop-in that takes the options of @fastify/http-proxy'

/** A mistake for each key that only @fastify/http-proxy has, and the options without those keys. */
export function splitEquivalents (options: object): { readonly mistakes: string[], readonly rest: object } {
  const mistakes: string[] = []
  const rest: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(options)) {
    if (Object.hasOwn(EQUIVALENTS, key)) mistakes.push(`\`${key}\` of @fastify/http-proxy ${EQUIVALENTS[key]}`)
    else rest[key] = value
  }
  if (mistakes.length > 0) mistakes.push(DROP_IN)
  return { mistakes, rest }
}
