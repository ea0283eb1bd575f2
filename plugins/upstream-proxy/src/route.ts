// Which URL is this request sent to? The rule's answer, or the prefix put on the upstream.
import type { FastifyRequest } from 'fastify'
import { ERRORS } from './errors.ts'
import type { Settings } from './options.ts'
import type { HeaderChanges } from './request-headers.ts'
import { climbs, type Target } from './target.ts'

/** Where a request goes, and what a rule changed in its headers. */
export interface Route extends Target {
  readonly changes: HeaderChanges | undefined
}

/** The route of one request. Throws NoUpstream or BadTarget. */
export function routeOf (request: FastifyRequest, settings: Settings): Route {
  const answer = settings.to(request)
  const url = typeof answer === 'string' ? answer : answer?.url
  const changes = typeof answer === 'object' && answer !== null ? answer.headers : undefined
  if (url !== undefined && !url.startsWith('/')) {
    return { ...settings.origins.target(url), changes }
  }
  if (settings.base === null) throw new ERRORS.NoUpstream()
  const path = url ?? onUpstream(request.raw.url ?? '/', settings)
  return { ...settings.origins.target(settings.base + path), changes }
}

/** Replaces the prefix, and nothing else: what follows it stays byte for byte. */
function onUpstream (raw: string, settings: Settings): string {
  const { prefix, rewritePrefix } = settings
  // Absolute-form (RFC 9112 §3.2.2) names a host as well; only its path is asked of the upstream.
  const own = raw.startsWith('/') ? raw : raw.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
  const rest = prefix === '/' ? own.slice(1) : own.slice(prefix.length).replace(/^\//, '')
  if (climbs(rest)) throw new ERRORS.BadTarget()
  if (rest === '' || rest.startsWith('?')) return rewritePrefix + rest
  return rewritePrefix.endsWith('/') ? rewritePrefix + rest : `${rewritePrefix}/${rest}`
}
