// What does a custom field hold?
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Facts } from './facts.ts'
import type { Connection } from '../observe/connection.ts'
import type { CustomField } from '../options.ts'
import { redactUrl, type Redact } from './redact.ts'
import { serverVariable } from './server-variable.ts'

/** A compiled custom field. */
export interface CustomSource {
  readonly name: string
  /** Whether the value is kept out of the structured entry. */
  readonly secret: boolean
  readonly read: (request: FastifyRequest, reply: FastifyReply, connection: Connection) => string | null
}

/** Headers with credentials: a custom field writes them to a line, never to a structured entry. */
const SECRET = new Set(['authorization', 'proxy-authorization', 'cookie', 'set-cookie'])

/** Compiles a custom field. URLs in its values are redacted as those of the other columns are. */
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

/** A response header as it was sent. Fastify keeps its own headers apart from those set on the raw response, and a proxy's answer may pass both. */
export function responseHeader (reply: FastifyReply, name: string): number | string | string[] | undefined {
  return reply.getHeader(name) ?? reply.raw.getHeader(name) ?? proxied(reply.request, name)
}

function proxied ({ upstream }: FastifyRequest & Facts, name: string): string | string[] | undefined {
  const headers = upstream?.answerHeaders
  if (headers === null || headers === undefined) return undefined
  const values = Array.from(headers as readonly string[]).filter((_, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === name)
  return values.length > 1 ? values : values[0]
}

function joined (value: number | string | readonly string[] | undefined): string | null {
  if (value === undefined) return null
  return Array.isArray(value) ? value.join(', ') : String(value)
}
