// Which headers does the proxy set itself, whatever a rule says? They frame a message or belong to a connection (RFC 9110 §7.6.1, RFC 9112 §6).

const FRAMING = ['connection', 'content-length', 'expect', 'http2-settings', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade']

const NOTE = 'frames the message or belongs to the connection: the proxy sets it, and not a rule'

/** Why a rule cannot set a header, or null. */
export function framingHeader (header: string): string | null {
  return FRAMING.includes(header.toLowerCase()) ? `${header} ${NOTE}` : null
}

/** The same for a server variable that stands for a header. */
export function framingVariable (variable: string): string | null {
  const header = /^(?:HTTP|RESPONSE)_(.+)$/i.exec(variable)?.[1]?.replaceAll('_', '-').toLowerCase() ?? ''
  return FRAMING.includes(header) ? `${variable} ${NOTE}` : null
}
