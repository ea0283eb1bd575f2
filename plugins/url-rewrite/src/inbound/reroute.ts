// How does a request reach the route of its new path, after the router has chosen the route of the old one?

import type { IncomingMessage } from 'node:http'

/**
 * The request under another URL. Everything but `url` is the request itself, so that its body, socket and events
 * keep working, and the original stays unchanged; Fastify reads `originalUrl` for `request.originalUrl`.
 */
export function underUrl (raw: IncomingMessage, url: string): IncomingMessage {
  const originalUrl = raw.url
  return new Proxy(raw, {
    get (target, key) {
      if (key === 'url') return url
      if (key === 'originalUrl') return originalUrl
      const value: unknown = Reflect.get(target, key, target)
      // Methods access the request's private fields, which a proxy does not have.
      return typeof value === 'function' ? value.bind(target) : value
    },
    set: (target, key, value) => Reflect.set(target, key, value, target)
  })
}
