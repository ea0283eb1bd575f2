// Does the upstream's answer fit the key (RFC 6455 §4.2.2)?
import { createHash } from 'node:crypto'
import type { Finding } from '../../trace/trace.ts'
import { found } from '../findings.ts'
import type { Story } from '../story/story.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
/** 20 bytes in base64. A redacted value does not look so, and is not judged. */
const ACCEPT = /^[A-Za-z0-9+/]{27}=$/
const KEY = /^[A-Za-z0-9+/]{22}==$/

export function acceptFindings ({ request, sent, answer }: Story): Finding[] {
  if (answer?.status !== 101) return []
  const source = sent ?? request
  const key = source?.headers.get('sec-websocket-key') ?? null
  if (source === null || key === null || !KEY.test(key)) return []
  const accept = answer.headers.get('sec-websocket-accept')
  const right = createHash('sha1').update(key + GUID).digest('base64')
  if (accept === right || (accept !== null && looksRedacted(accept))) return []
  const was = accept === null ? 'has no Sec-WebSocket-Accept' : `has Sec-WebSocket-Accept ${accept}`
  return [found('ACCEPT_MISMATCH', [source.index, answer.index], `The upstream's 101 ${was}, and the key ${key} needs ${right}: a client must close at once.`, 'The upstream answers another handshake than this one: a cache, a gateway that made a key of its own, or an application that computes it wrongly (the SHA-1 of the key and the GUID of RFC 6455 §1.3, in base64). Ask the upstream directly to see who it is.')]
}

/** A faulty value is short or has no other form; what redaction leaves begins with a mark. */
function looksRedacted (value: string): boolean {
  return !ACCEPT.test(value) && /sha|redact|length|\d+ (?:characters|bytes)/i.test(value)
}
