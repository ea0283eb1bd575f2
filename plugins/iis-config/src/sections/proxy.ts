// `<proxy>` and `<webSocket>` become options of upstream-proxy. ARR's defaults are in arr_schema.xml.
import type { UpstreamProxyOptions } from '../config/proxy-options.ts'
import { asDefault, differs, lost, readAttributes, type AttributeTable, type Fate } from '../reading/attribute-table.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'

/** The proxy's options so far. */
export interface ProxyDraft {
  /** `enabled` of `<proxy>`. */
  enabled?: boolean
  options: UpstreamProxyOptions
}

const noCache = differs('there is no response cache here')
const ownHeader = lost('the header has a fixed name here', 'read it under its usual name, or set another with a rule')

/** ARR's `timeout` sets two limits of upstream-proxy; WebSockets have a limit of their own. */
const timeout: Fate<ProxyDraft> = (reading, element, name, { options }) => {
  const ms = reading.duration(element, name)
  if (ms === undefined) return
  if (ms < 1000 || ms > 86_400_000) {
    reading.problem(element.attributes.get(name) ?? element, `${name}="${element.attributes.get(name)?.value ?? ''}" is not a time from 00:00:01 to 1.00:00:00`)
    return
  }
  options.timeouts = { firstByte: ms, idle: ms }
  reading.differs(element.attributes.get(name), 'it limits the wait for the answer and each pause in a body; an open WebSocket is not limited by it')
}

/** The attributes of `<proxy>`, and of a farm's `<protocol>`. */
export const PROXY = {
  enabled: (reading, element, name, draft) => { draft.enabled = reading.flag(element, name) },
  httpVersion: differs('upstreams are always spoken to in HTTP/1.1', ['Http11']),
  keepAlive: (reading, element, name, { options }) => {
    if (reading.flag(element, name) === false) options.connections = { idle: 0 }
  },
  timeout,
  preserveHostHeader: (reading, element, name, { options }) => {
    const preserve = reading.flag(element, name)
    if (preserve !== undefined) options.hostHeader = preserve ? 'preserve' : 'upstream'
  },
  alternateHostName: (reading, element, name, { options }) => {
    const host = reading.text(element, name)
    if (host !== undefined && host !== '') options.hostHeader = host
  },
  reverseRewriteHostInResponseHeaders: (reading, element, name, { options }) => {
    const turnBack = reading.flag(element, name)
    if (turnBack !== undefined) options.reverseRewrite = turnBack
  },
  xForwardedForHeaderName: (reading, element, name, { options }) => {
    const header = reading.text(element, name)
    if (header === '') options.forwarded = { ...options.forwarded, for: 'keep' }
    else if (header?.toLowerCase() !== 'x-forwarded-for') ownHeader(reading, element, name, undefined)
  },
  includePortInXForwardedFor: (reading, element, name, { options }) => {
    const port = reading.flag(element, name)
    if (port !== undefined) options.forwarded = { ...options.forwarded, port }
  },
  xForwardedByHeaderName: differs('no X-Forwarded-By is sent, as in ARR unless xForwardedByHeader has a value'),
  xForwardedByHeader: lost('no X-Forwarded-By is sent', 'set it with a rule: <set name="HTTP_X_FORWARDED_BY" value="…" />', ['']),
  arrResponseHeader: differs('X-Powered-By: ARR/3.0 is never sent', ['false']),
  sslHeaderName: lost('the header has a fixed name here, X-ARR-SSL', 'read it under that name, or set another with a rule', ['X-ARR-SSL']),
  clientCertHeaderName: lost('the header has a fixed name here, X-ARR-ClientCert', 'read it under that name', ['X-ARR-ClientCert']),
  logGuidName: lost('the header and the log column have a fixed name here', undefined, ['X-ARR-LOG-ID']),
  logCacheHitName: lost('the log column has a fixed name here', undefined, ['X-ARR-CACHE-HIT']),
  maxForwards: differs('Max-Forwards is not counted down'),
  minResponseBuffer: differs('responses are not buffered, they stream'),
  responseBufferLimit: differs('responses are not buffered, they stream', ['0']),
  responseBuffering: differs('responses are not buffered, they stream', ['false']),
  bufferChunkedResponses: differs('responses are not buffered, they stream', ['false']),
  maxResponseHeaderSize: (reading, element, name, { options }) => {
    options.maxHeadSize = reading.integer(element, name, 1)
  },
  proxy: lost('an upstream cannot be reached through another proxy', undefined, ['']),
  proxyBypass: lost('an upstream cannot be reached through another proxy', undefined, ['']),
  stealthMode: lost('X-ARR-LOG-ID and the X-Forwarded headers are sent', 'set forwarded.for, .host and .proto to remove', ['false']),
  passServerHeader: differs('the upstream\'s Server header is passed on', ['PassThrough', 'true']),
  passConnectionCloseHeader: differs('whether the client\'s connection is kept does not depend on the upstream', ['false']),
  clientCertFileName: lost('the upstream gets no certificate from the proxy'),
  clientCertPassword: lost('the upstream gets no certificate from the proxy'),
  clientCertHash: lost('the upstream gets no certificate from the proxy'),
  cacheEnabled: noCache
} as const satisfies AttributeTable<ProxyDraft>

/** The longest time between two pings, ms. */
const LONGEST_PING = 2 ** 31 - 1

/** IIS pings the client, and its default is not to. */
const pingInterval: Fate<ProxyDraft> = (reading, element, name, draft) => {
  const ms = reading.duration(element, name)
  if (ms === undefined) return
  if (ms > LONGEST_PING) {
    reading.problem(element.attributes.get(name) ?? element, `${name}="${element.attributes.get(name)?.value ?? ''}" is not a time up to 24.20:31:23`)
  } else if (ms === 0) {
    asDefault(reading, element, name)
  } else if (draft.options.websocket !== false) {
    draft.options.websocket = { ping: ms }
  }
}

/** The attributes of `<webSocket>`, settings of IIS's own WebSocket module: upstream-proxy passes bytes on and buffers no messages. */
const WEB_SOCKET = {
  enabled: (reading, element, name, { options }) => {
    const enabled = reading.flag(element, name)
    // The interval may have been read before.
    if (enabled === false || typeof options.websocket !== 'object') options.websocket = enabled
  },
  receiveBufferLimit: differs('messages are not held in a buffer, bytes pass as they come'),
  pingInterval
} as const satisfies AttributeTable<ProxyDraft>

/** Reads `<system.webServer><proxy>`. */
export function readProxy (reading: Reading, element: XmlElement, draft: ProxyDraft): void {
  reading.made(draft.options, element)
  readAttributes<ProxyDraft>(reading, element, PROXY, draft)
  for (const child of element.children) {
    if (child.name === 'cache') reading.differsAll(child, 'there is no response cache here')
  }
  if (draft.enabled !== false && element.attributes.get('includePortInXForwardedFor') === undefined) {
    reading.differs(element, 'X-Forwarded-For holds addresses without ports; ARR adds the port unless told otherwise',
      'write includePortInXForwardedFor="true" for what ARR does')
  }
}

/** Reads `<system.webServer><webSocket>`. */
export function readWebSocket (reading: Reading, element: XmlElement, draft: ProxyDraft): void {
  reading.made(draft.options, element)
  readAttributes<ProxyDraft>(reading, element, WEB_SOCKET, draft)
}

/** The options of `<proxy>` and `<webSocket>`. Undefined for a proxy that is switched off, or has no settings, unless a rule needs it. */
export function upstreamProxyOptions (draft: ProxyDraft, needed: boolean): UpstreamProxyOptions | undefined {
  if (draft.enabled === false) return needed ? draft.options : undefined
  return needed || Object.keys(draft.options).length > 0 || draft.enabled === true ? draft.options : undefined
}
