// `<protocol>`: how are the servers of a farm spoken to? ARR's defaults for a farm differ from those of `<proxy>`.
import type { FarmProxyOptions, UpstreamProxyOptions } from '../config/proxy-options.ts'
import { readAttributes } from '../reading/attribute-table.ts'
import type { Reading } from '../reading/reading.ts'
import { PROXY, type ProxyDraft } from '../sections/proxy.ts'
import type { XmlElement } from '../xml/element.ts'

/** `enabled` and the names of the log are those of `<proxy>` alone. */
const { enabled: _enabled, logGuidName: _guid, logCacheHitName: _hit, ...PROTOCOL } = PROXY

/** ARR's defaults in arr_schema.xml: the Host header is kept, and 30 seconds, where `<proxy>` has two minutes. */
const TIMEOUT = 30_000

/** ARR's defaults for a farm. What `<proxy>` sets is for other upstreams: here it has its default again. */
export function unsaidProtocol (server: UpstreamProxyOptions): FarmProxyOptions {
  return {
    hostHeader: 'preserve',
    reverseRewrite: false,
    timeouts: { firstByte: TIMEOUT, idle: TIMEOUT },
    ...server.forwarded !== undefined && { forwarded: { for: 'append', port: false } },
    ...server.connections !== undefined && { connections: { idle: 256 } },
    ...server.maxHeadSize !== undefined && { maxHeadSize: 65_536 }
  }
}

/** Reads the element over the defaults. */
export function readProtocol (reading: Reading, element: XmlElement, byDefault: FarmProxyOptions): FarmProxyOptions {
  const draft: ProxyDraft = { options: byDefault }
  readAttributes<ProxyDraft>(reading, element, PROTOCOL, draft)
  for (const cache of element.children.filter(({ name }) => name === 'cache')) reading.differsAll(cache, 'there is no response cache here')
  if (element.attributes.get('includePortInXForwardedFor') === undefined) {
    reading.differs(element, 'X-Forwarded-For holds addresses without ports; ARR adds the port unless told otherwise', 'write includePortInXForwardedFor="true" for what ARR does')
  }
  return reading.made(draft.options, element)
}
