// How does a request get to the route of its new path, when the router has already chosen one for the old?

import type { IncomingMessage } from 'node:http'

/**
 * The request under another URL. Everything but `url` is the request itself, so that its body, its socket and its
 * events are whole, and what arrived stays as it came; `originalUrl` is what Fastify reads for `request.originalUrl`.
 */
export function underUrl (raw: IncomingMessage, url: string): IncomingMessage {
  const originalUrl = raw.url
  return new Proxy(raw, {
    get (target, key) {
      if (key === 'url') return url
      if (key === 'originalUrl') return originalUrl
      const value: unknown = Reflect.get(target, key, target)
      // Methods work on the request's own private fields.
      return typeof value === 'function' ? value.bind(target) : value
    },
    set: (target, key, value) => Reflect.set(target, key, value, target)
  })
}
