// Which head did the client get, where nobody has told it? That of a reply of this server.
import type { Recording } from './recording.ts'

/** Null where no head was sent, or nothing is known of it. */
export function answeredHead ({ request, reply }: Recording): { status: number, headers: string[] } | null {
  if (!reply.raw.headersSent) return null
  const { upstream } = request
  const told = upstream?.error === null || upstream?.error === undefined ? upstream?.answerHeaders : undefined
  if (told !== null && told !== undefined) return { status: reply.raw.statusCode, headers: [...told] as string[] }
  const headers: string[] = []
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) headers.push(name, String(one))
  }
  return { status: reply.raw.statusCode, headers }
}
