// Which headers does each attempt have of its own? Those that are asked for when its head is written, in place of all others of their names.
import type { AttemptHeaders } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { HOP_BY_HOP } from './hop-by-hop.ts'
import { isHeader, type RawHeaders } from './raw-headers.ts'

/** What a head has to say of them. */
export interface Headed {
  readonly origin: { readonly name: string }
  /** From the request line to the empty line. */
  readonly text: string
  readonly own: AttemptHeaders | null
}

// They frame the message or name its target: it would be a different message.
const FIXED: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'content-length', 'host', 'expect'])

/** Removes the headers in whose place an attempt has its own. What somebody else writes may be partial: then it is none. */
export function withoutReplaced (headers: RawHeaders, own: AttemptHeaders | null | undefined): AttemptHeaders | null {
  if (own === null || own === undefined || typeof own.next !== 'function' || !((own.replaced as unknown) instanceof Set) || own.replaced.size === 0) return null
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    const name = (headers[i] as string).toLowerCase()
    if (own.replaced.has(name) && !FIXED.has(name)) headers.splice(i, 2)
  }
  return own
}

/** The head that is written for this attempt. To be called once for each. */
export function ownHead ({ origin, text, own }: Headed, request: FastifyRequest): string {
  if (own === null) return text
  let lines = ''
  try {
    const headers = own.next(origin.name)
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string
      const value = headers[i + 1] as string
      const lower = name.toLowerCase()
      if (own.replaced.has(lower) && !FIXED.has(lower) && isHeader(name, value)) lines += `${name}: ${value}\r\n`
    }
  } catch (error) {
    // The exchange is worth more than the name of its span.
    request.log.error({ err: error }, 'upstream-proxy: the attempt is made without headers of its own, because they could not be asked for')
    return text
  }
  return `${text.slice(0, -2)}${lines}\r\n`
}
