// What do clients get that `<ipSecurity>` and `<dynamicIpSecurity>` refuse, and how is the client known?
import type { DenyAction } from '../config/filter-options.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'

const ACTIONS = {
  AbortRequest: 'AbortRequest',
  Unauthorized: 'Unauthorized',
  Forbidden: 'Forbidden',
  NotFound: 'NotFound',
  0: 'AbortRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound'
} as const satisfies Record<string, DenyAction>

/** Reads `denyAction` and `enableProxyMode`. */
export function readDenyAction (reading: Reading, section: XmlElement): DenyAction | undefined {
  if (reading.flag(section, 'enableProxyMode') === true) {
    reading.differs(section.attributes.get('enableProxyMode'), 'the client\'s address is taken from X-Forwarded-For only where a trusted proxy sent it; IIS believes every client', 'start with --trust-proxy and the addresses of the proxies, or set trustProxy of Fastify')
  }
  return reading.word(section, 'denyAction', ACTIONS)
}
