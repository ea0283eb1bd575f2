// What of a request is hashed? ARR's `queryStringNames` and `hashServerVariable`, and more.
import { parseCookie } from 'cookie'
import type { FastifyRequest } from 'fastify'
import type { Reading } from '../compile/reading.ts'
import { queryValue } from './query-value.ts'

type Source = (request: FastifyRequest) => string | null | undefined

export interface HashSettings {
  readonly boundedLoad: number
  /** The text that is hashed: the first that the request has, the client's address where it has none. */
  readonly textOf: (request: FastifyRequest) => string
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i // RFC 9110 §5.6.2
/** Of the server variables, those that a hash can be computed from; `HTTP_…` is any header. */
const VARIABLES: Readonly<Record<string, Source>> = {
  URL: request => pathOf(request),
  QUERY_STRING: request => queryOf(request),
  REMOTE_ADDR: request => request.ip,
  REQUEST_URI: request => request.originalUrl,
  REQUEST_METHOD: request => request.method,
  SERVER_NAME: request => request.hostname
}

/** @param isNeeded whether the algorithm is `requestHash`. */
export function compileHash (farm: Reading, isNeeded: boolean): HashSettings | null {
  const read = farm.object('hash', ['header', 'cookie', 'queryStringNames', 'serverVariable', 'of', 'boundedLoad'])
  if (read === null) {
    if (isNeeded && farm.get('hash') === undefined) farm.wrong('hash', 'given: `requestHash` needs it')
    return null
  }
  const sources: Source[] = []
  const of = read.get('of')
  if (of !== undefined && typeof of !== 'function') read.wrong('of', 'a function of the request')
  if (typeof of === 'function') sources.push(asText(of as Source))
  const header = read.text('header')
  if (header !== null && !TOKEN.test(header)) read.wrong('header', 'the name of a header')
  if (header !== null) sources.push(request => headerOf(request, header.toLowerCase()))
  const cookie = read.text('cookie')
  if (cookie !== null && !TOKEN.test(cookie)) read.wrong('cookie', 'the name of a cookie')
  if (cookie !== null) sources.push(request => cookieOf(request, cookie))
  const names = read.get('queryStringNames')
  if (names !== undefined && !(Array.isArray(names) && names.length > 0 && names.every(name => typeof name === 'string' && name !== ''))) {
    read.wrong('queryStringNames', 'a list of texts')
  } else if (names !== undefined) {
    sources.push(compileNames(names as string[]))
  }
  const variable = read.text('serverVariable')
  if (variable !== null) sources.push(compileVariable(variable.toUpperCase(), read))
  const boundedLoad = read.number('boundedLoad', 1.25)
  if (boundedLoad > 0 && boundedLoad < 1) read.wrong('boundedLoad', '0, or 1 and more')
  return {
    boundedLoad,
    textOf (request) {
      for (const source of sources) {
        const text = source(request)
        if (text !== null && text !== undefined && text !== '') return text
      }
      return request.ip ?? ''
    }
  }
}

/** The first value of a header. */
export function headerOf (request: FastifyRequest, name: string): string | null {
  const value = request.headers[name]
  return (Array.isArray(value) ? value[0] : value) ?? null
}

/** The value of a cookie as it is written; of several with one name, the first (RFC 6265 §5.4: that with the longest path). */
export function cookieOf (request: FastifyRequest, name: string): string | null {
  const header = request.headers.cookie
  if (header === undefined || !header.includes(name)) return null
  return parseCookie(header, { decode: asWritten })[name] ?? null
}

const asWritten = (value: string): string => value

/** A function of the user's that gives something else, or throws, is as one that gives nothing: a request is not lost because of it. */
function asText (of: Source): Source {
  return request => {
    try {
      const text: unknown = of(request)
      return typeof text === 'string' ? text : null
    } catch (error) {
      request.log.error({ err: error }, 'server-farm: `hash.of` threw an error')
      return null
    }
  }
}

function compileNames (names: readonly string[]): Source {
  if (names.includes('*')) return queryOf
  return request => {
    const query = queryOf(request)
    const values = names.map(name => queryValue(query, name))
    return values.every(value => value === null) ? null : values.map(value => value ?? '').join('&')
  }
}

function compileVariable (name: string, read: Reading): Source {
  if (name.startsWith('HTTP_')) {
    const header = name.slice('HTTP_'.length).replaceAll('_', '-').toLowerCase()
    return request => headerOf(request, header)
  }
  if (!Object.hasOwn(VARIABLES, name)) read.wrong('serverVariable', `one of ${Object.keys(VARIABLES).join(', ')}, or HTTP_ with a header's name`)
  return VARIABLES[name] ?? (() => null)
}

export function queryOf ({ originalUrl }: FastifyRequest): string {
  const at = originalUrl.indexOf('?')
  return at === -1 ? '' : originalUrl.slice(at + 1)
}

function pathOf ({ originalUrl }: FastifyRequest): string {
  const at = originalUrl.indexOf('?')
  return at === -1 ? originalUrl : originalUrl.slice(0, at)
}
