// How does a body of any media type pass Fastify? A proxy does not parse bodies, so their types do not matter.
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'

// The least that Fastify accepts as a media type; a private type that stands in for others; and where the original is kept meanwhile.
const TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+(?:;|$)/
const STAND_IN = 'application/x-fastify-arr-any'
const OWN = Symbol('own type')
// The methods whose bodies Fastify reads.
const READ: ReadonlySet<string> = new Set(['DELETE', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY'])

type Typed = IncomingMessage & { [OWN]?: { readonly type: string | undefined } }

/** Fastify refuses a body with a malformed type, and a QUERY without one. Until the parser runs, the request has a stand-in type. */
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
