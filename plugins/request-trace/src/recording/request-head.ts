// What is recorded when a request comes in? Its URL, its verb and its headers, without secrets.
import type { Redactor } from '../redaction/redactor.ts'
import { isUpgrade } from './outcome.ts'
import type { Recording } from './recording.ts'

/** A header's share beside its letters, bytes. */
const HEADER_BYTES = 24

/** Notes the head of a request that has just come in. */
export function noteRequest (recording: Recording, redactor: Redactor): void {
  const { request: { raw }, secrets, connection } = recording
  const { rawHeaders } = raw
  // The headers first: they tell the secrets that the URL may have as well.
  const headers = recording.keeps('GENERAL_REQUEST_HEADERS') || redactor.on ? redactor.headers(rawHeaders, secrets) : rawHeaders
  let length = 0
  for (const text of headers) length += text.length + HEADER_BYTES / 2
  if (recording.room(length)) recording.headers = headers
  else recording.lost++
  // A WebSocket over HTTP/2 is a CONNECT on the wire (RFC 8441); IIS and the log have the GET that it is on HTTP/1.1.
  recording.verb = raw.httpVersionMajor === 2 && isUpgrade(recording.request) ? 'GET' : raw.method ?? ''
  const target = raw.url ?? '/'
  const url = absolute(target, raw.headers.host ?? text(raw.headers[':authority']), connection.tls !== null, connection.localPort)
  recording.url = recording.room(url.length) ? secrets.hide(redactor.text(url, secrets)) : ''
}

/** With its port, as IIS has it, and with its query. */
function absolute (target: string, host: string | undefined, secure: boolean, localPort: number): string {
  const scheme = secure ? 'https' : 'http'
  const match = /^([a-z][a-z\d+.-]*):\/\/([^/?#]*)/i.exec(target)
  if (match !== null) return `${match[1]}://${withPort(match[2] as string, /^(?:https|wss)$/i.test(match[1] as string) ? 443 : 80)}${slashed(target.slice(match[0].length))}`
  return `${scheme}://${withPort(host ?? 'localhost', localPort === 0 ? (secure ? 443 : 80) : localPort)}${slashed(target)}`
}

function withPort (authority: string, port: number): string {
  return /:\d+$/.test(authority) ? authority : `${authority}:${port}`
}

function slashed (path: string): string {
  return path.startsWith('/') ? path : `/${path}`
}

function text (value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
