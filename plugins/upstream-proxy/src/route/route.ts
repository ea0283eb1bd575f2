// Which URL is this request sent to? The one that `to` or a rule gives, or the upstream's with the prefix replaced.
import { sameAuthority } from '@fastify-arr/authority'
import type { FarmVisit } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { ERRORS } from '../errors.ts'
import { checkHost } from '../headers/authority.ts'
import type { HeaderChanges } from '../headers/request-headers.ts'
import type { Settings } from '../options.ts'
import { isPromise } from '../options/promise.ts'
import { climbs, type Origin, type Target } from './target.ts'

/** Where a request goes, and which headers a rule changed. */
export interface Route extends Target {
  readonly changes: HeaderChanges | undefined
  /** The prefixes that made the path; null where a rule chose the path. */
  readonly paths: Prefixes | null
  /** The Host header that the server gets, whatever the options say; null where they say it. */
  readonly host?: string | null
  /** The way to a server, where the URL names a farm: `origin` is no server then. */
  readonly farm?: FarmVisit | null
}

/** The prefix in this request's path and its replacement, with parameters filled in. */
export interface Prefixes {
  readonly prefix: string
  readonly rewritePrefix: string
}

// Origin-form as bytes: no space, no control character, nothing beyond latin1, and no fragment (RFC 9112 §3.2.1); no encoded NUL before
// the query, where a server might end the path. No backtracking: no part can match a character that begins the next one.
const PATH = /^[\x21\x22\x24\x26-\x3e\x40-\x7e\x80-\xff]+(?:%(?!00)[\x21\x22\x24\x26-\x3e\x40-\x7e\x80-\xff]*)*(?:\?[\x21\x22\x24-\x7e\x80-\xff]*)?$/
const ABSOLUTE = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i

/** The route of one request. Throws NoUpstream or BadTarget, and BadRoute where `to` gave something else than it may. */
export function routeOf (request: FastifyRequest, settings: Settings): Route {
  checkHost(request)
  const own = ownPath(request)
  const answer = settings.to(request)
  let url: string | undefined
  let changes: HeaderChanges | undefined
  if (typeof answer === 'string') {
    url = answer
  } else if (answer !== null && answer !== undefined) {
    // A promise, for example: falling back to `upstream` would send the request to the wrong place.
    if (isPromise(answer) || typeof answer.url !== 'string') {
      request.log.error('upstream-proxy: `to` must give a string, { url, headers } or nothing')
      throw new ERRORS.BadRoute()
    }
    url = answer.url
    changes = answer.headers
  }
  let origin: Origin
  let path: string
  let paths: Route['paths'] = null
  if (url === undefined) {
    origin = upstreamOf(settings)
    paths = prefixesOf(own, request, settings)
    path = onUpstream(own, paths)
  } else if (url.startsWith('/')) {
    origin = upstreamOf(settings)
    path = url
  } else {
    ({ origin, path } = settings.origins.target(url))
  }
  if (path === own ? climbs(path) : !isPath(path)) throw new ERRORS.BadTarget()
  return { origin, path, changes, paths }
}

/** True for a path and query that can be sent as they are, and that no server can resolve to a place above its root. */
export function isPath (path: string): boolean {
  return PATH.test(path) && !climbs(path)
}

function upstreamOf (settings: Settings): Origin {
  if (settings.upstream === null) throw noUpstream()
  return settings.upstream
}

/** The request's own path and query. Checked even where a rule replaces it: a rule that puts it into a URL would cut a fragment off. */
function ownPath (request: FastifyRequest): string {
  const own = originForm(request)
  if (!PATH.test(own)) throw new ERRORS.BadTarget()
  return own
}

/** Absolute-form (RFC 9112 §3.2.2) must name the same host as the Host header; asterisk-form (§3.2.4) is for OPTIONS alone. */
function originForm (request: FastifyRequest): string {
  // Node accepts a request line without a version as HTTP/0.9, even with headers.
  if (request.raw.httpVersionMajor < 1) throw new ERRORS.BadTarget()
  const raw = request.raw.url ?? '/'
  if (raw.startsWith('/') || (raw === '*' && request.raw.method === 'OPTIONS')) return raw
  const match = ABSOLUTE.exec(raw)
  const { host } = request.raw.headers
  if (match === null || host === undefined || !sameAuthority(match[2] as string, host, match[1] as string)) throw new ERRORS.BadTarget()
  const rest = raw.slice(match[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** The prefixes of one request, with its parameters filled in. */
function prefixesOf (own: string, request: FastifyRequest, settings: Settings): Prefixes {
  const { prefix, rewritePrefix } = settings
  const open = prefix.includes(':')
  if (!open && !rewritePrefix.includes('/:')) return settings
  return {
    // Runs of slashes become one: two at the front would name a host in a Location.
    prefix: open ? own.slice(0, own.length - behindPrefix(own, prefix).length).replace(/\/+/g, '/') : prefix,
    rewritePrefix: filled(rewritePrefix, request)
  }
}

/** Replaces the prefix only: what follows it stays byte for byte. */
function onUpstream (own: string, { prefix, rewritePrefix: base }: Prefixes): string {
  // Fast path: nothing to replace.
  if (prefix === '/' && base === '/') return own
  // Begins with a slash, or is empty.
  const rest = prefix === '/' ? own : behindPrefix(own, prefix)
  if (climbs(rest)) throw new ERRORS.BadTarget()
  return rest.startsWith('/') && base.endsWith('/') ? base + rest.slice(1) : base + rest
}

/**
 * What follows the prefix. The router has matched the prefix decoded, perhaps in another case or with parameters,
 * so segments are counted, not compared: as many as the prefix has are skipped.
 */
function behindPrefix (own: string, prefix: string): string {
  let at = 0
  for (const segment of prefix.split('/')) {
    if (segment === '') continue
    while (own[at] === '/') at++
    while (at < own.length && own[at] !== '/' && own[at] !== '?') at++
  }
  return own.slice(at)
}

/** A `rewritePrefix` with parameters of the prefix put in: `/tenants/:id` as in @fastify/http-proxy. */
function filled (rewritePrefix: string, request: FastifyRequest): string {
  const params = request.params as Record<string, string>
  return rewritePrefix.replace(/\/:(\w+)/g, (whole, name: string) => {
    const value = params[name]
    if (value === undefined) return whole
    if (climbs(value)) throw new ERRORS.BadTarget()
    return `/${encodeURIComponent(value)}`
  })
}

/** Any client can ask for what is not there: its line in the log has no stack, which would say nothing. */
function noUpstream (): Error {
  const error = new ERRORS.NoUpstream()
  error.stack = `${error.name}: ${error.message}`
  return error
}
