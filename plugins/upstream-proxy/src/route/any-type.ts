// How does a body of any media type get past Fastify, to whom it does not matter either?
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'

// What Fastify takes for a media type, at the least; a type of nobody's; and the place of the request's own meanwhile.
const TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+(?:;|$)/
const STAND_IN = 'application/x-fastify-arr-any'
const OWN = Symbol('own type')
// The bodies that Fastify reads.
const READ: ReadonlySet<string> = new Set(['DELETE', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY'])

type Typed = IncomingMessage & { [OWN]?: { readonly type: string | undefined } }

/** Fastify itself refuses a body whose type is malformed, and a QUERY without one. Until its parser runs, it is shown another. */
export function takeAnyType (scope: FastifyInstance): void {
  scope.addHook('preParsing', ({ method, raw }, _reply, payload, done) => {
    const type = raw.headers['content-type']
    if (READ.has(method) && (type === undefined ? method === 'QUERY' : !TYPE.test(type))) {
      (raw as Typed)[OWN] = { type }
      raw.headers['content-type'] = STAND_IN
    }
    done(null, payload)
  })
  scope.addContentTypeParser(STAND_IN, ({ raw }, payload, done) => {
    const own = (raw as Typed)[OWN]
    if (own?.type !== undefined) raw.headers['content-type'] = own.type
    else if (own !== undefined) delete raw.headers['content-type']
    done(null, payload)
  })
}
