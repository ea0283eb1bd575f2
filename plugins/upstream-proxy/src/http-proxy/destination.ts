// Which path does a request get on the upstream? That of @fastify/http-proxy: the prefix replaced, and nothing outside of its replacement.
import { createError } from '@fastify/error'
import type { FastifyInstance } from 'fastify'
import { isPath, type Prefixes } from '../route/route.ts'
import type { HttpProxyOptions, PreRewrite } from './options/peer-options.ts'
import { type Matching, matchingOf, rawPrefixLength } from './raw-prefix.ts'

/** The message is that of @fastify/http-proxy. */
export const BadDestination = createError('FST_ARR_PROXY_BAD_TARGET', 'source/request contain invalid characters', 400)

/** A path on the upstream. */
export interface Destination {
  readonly path: string
  /** With the question mark; empty where there is no query. */
  readonly search: string
  /** The prefix that was in the URL, and what replaced it. */
  readonly prefixes: Prefixes
}

const SCHEME = /^[a-z][a-z\d+.-]*:/i
// WHATWG URLs drop these wherever they are.
const DROPPED = /[\t\n\r\0]/g

/** The destinations of one proxy. */
export class Destinations {
  readonly rewritePrefix: string
  readonly #preRewrite: PreRewrite | undefined
  readonly #matching: Matching

  constructor (scope: FastifyInstance, { rewritePrefix, upstream, preRewrite }: HttpProxyOptions) {
    const base = rewritePrefix || (upstream ? new URL(upstream).pathname : '/')
    this.rewritePrefix = !scope.prefix.endsWith('/') && base.endsWith('/') ? base.slice(0, -1) : base
    this.#preRewrite = preRewrite
    this.#matching = matchingOf(scope)
  }

  /** The destination of a URL that begins with `prefix`, which may have parameters. Throws URIError where the prefix is not decodable. */
  of (url: string, params: Readonly<Record<string, string>>, prefix: string): Destination {
    const all = this.#preRewrite === undefined ? url : this.#preRewrite(url, params, prefix)
    const end = all.indexOf('?')
    const path = end === -1 ? all : all.slice(0, end)
    const search = end === -1 || end === all.length - 1 ? '' : all.slice(end)
    const rewritePrefix = prefix.includes(':') ? filled(this.rewritePrefix, params) : this.rewritePrefix
    const length = rawPrefixLength(path, this.#literal(path, prefix), this.#matching)
    const isFound = length !== -1
    return {
      path: isFound ? rewritePrefix + path.slice(length) : path,
      search,
      prefixes: { prefix: isFound ? path.slice(0, length) : prefix, rewritePrefix: isFound ? rewritePrefix : this.rewritePrefix }
    }
  }

  /** The prefix with the path's own segments for its parameters, decoded. */
  #literal (path: string, prefix: string): string {
    const slashes = (text: string) => this.#matching.ignoreDuplicateSlashes ? text.replace(/\/\/+/g, '/') : text
    if (!prefix.includes(':')) return slashes(prefix)
    const segments = slashes(path).split('/')
    return decodeURI(slashes(prefix).split('/').map((_, index) => segments[index] ?? '').join('/'))
  }
}

/** Puts the parameters into `/tenants/:id`. */
function filled (rewritePrefix: string, params: Readonly<Record<string, string>>): string {
  return rewritePrefix.replace(/:(\w+)/g, (whole, name: string) => Object.hasOwn(params, name) ? encodeURIComponent(params[name] as string) : whole)
}

/** Throws BadDestination for a path that names another host, or that could be resolved to one above (encoded, with backslashes). */
export function checkDestination (path: string): void {
  const plain = path.replace(DROPPED, '').trimStart().replaceAll('\\', '/')
  if (SCHEME.test(plain) || plain.startsWith('//')) throw new BadDestination()
  let decoded: string
  try {
    decoded = decodeURIComponent(plain)
  } catch {
    throw new BadDestination()
  }
  if (decoded.replaceAll('\\', '/').split('/').includes('..')) throw new BadDestination()
}

const NOWHERE = 'http://upstream.invalid'

/** The path to send, as it is written where that can be sent. Throws BadDestination where it leaves `rewritePrefix`. `base` is the upstream's URL. */
export function pathWithin (path: string, rewritePrefix: string, base = NOWHERE): string {
  checkDestination(path)
  const target = new URL(path, base)
  const { pathname } = new URL(rewritePrefix, base)
  const within = pathname.endsWith('/') ? pathname : `${pathname}/`
  if (target.pathname !== pathname && !target.pathname.startsWith(within)) throw new BadDestination()
  return path.startsWith('/') && isPath(path) ? path : target.pathname
}
