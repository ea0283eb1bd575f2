// What stands in a column of one's own?
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CustomSource } from './gather.ts'
import type { CustomField } from './options.ts'
import { redactUrl, type Redact } from './query.ts'
import { serverVariable } from './server-variable.ts'

/** Headers that are a secret: in a line where somebody asked for them, in a structured entry never. */
const SECRET = new Set(['authorization', 'proxy-authorization', 'cookie', 'set-cookie'])

/** Turns a custom field's description into its reader. A URL in it tells no more than it does elsewhere in the line. */
export function compileCustom (field: CustomField, redact: Redact): CustomSource {
  const name = field.logFieldName
  const masked = (value: string | null) => value === null ? null : redactUrl(value, redact)
  switch (field.sourceType) {
    case 'RequestHeader': {
      const header = field.sourceName.toLowerCase()
      return { name, secret: SECRET.has(header), read: request => masked(joined(request.raw.headers[header])) }
    }
    case 'ResponseHeader': {
      const header = field.sourceName.toLowerCase()
      return { name, secret: SECRET.has(header), read: (_request, reply) => masked(joined(responseHeader(reply, header))) }
    }
    case 'ServerVariable': {
      const variable = field.sourceName
      const secret = SECRET.has(variable.replace(/^HTTP_/, '').replaceAll('_', '-').toLowerCase())
      const mask = variable === 'QUERY_STRING' ? (value: string | null) => value && redact(value) : masked
      return { name, secret, read: (request, _reply, connection) => mask(serverVariable(request, connection, variable)) }
    }
    case 'Function': {
      const { value } = field
      return { name, secret: false, read: (request: FastifyRequest, reply: FastifyReply) => joined(value(request, reply) ?? undefined) }
    }
  }
}

/** A response header as it went out: Fastify keeps its own apart from those that were set on the raw response. */
export function responseHeader (reply: FastifyReply, name: string): number | string | string[] | undefined {
  return reply.getHeader(name) ?? reply.raw.getHeader(name)
}

function joined (value: number | string | readonly string[] | undefined): string | null {
  if (value === undefined) return null
  return Array.isArray(value) ? value.join(', ') : String(value)
}
