// Which query is sent? What `queryString` says, or that of the destination, or the client's own.
import { type ParsedUrlQueryInput, stringify } from 'node:querystring'
import type { FastifyRequest } from 'fastify'
import type { FromOptions } from '../options/peer-options.ts'

/** The query with its question mark; empty where there is none. `search` is that of the destination. */
export function searchOf (search: string, request: FastifyRequest, queryString: FromOptions['queryString']): string {
  const url = request.raw.url ?? '/'
  if (queryString !== undefined && queryString !== null) {
    const query = typeof queryString === 'function' ? queryString(search, url, request as never) : stringify(queryString as ParsedUrlQueryInput)
    return query ? `?${query}` : ''
  }
  if (search !== '') return search
  const start = url.indexOf('?')
  return start > 0 ? url.slice(start) : ''
}
