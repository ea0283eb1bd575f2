// Which headers end at this hop?

/** Headers of one connection, not of the message (RFC 9110 §7.6.1), and two that were never standardised or are obsolete: Proxy-Connection, HTTP2-Settings. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization',
  'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings'
])

const NONE: ReadonlySet<string> = new Set()

// Not removed even where Connection lists them: they frame the message or name its target, or are options of Connection itself.
const NEVER_NAMED: ReadonlySet<string> = new Set(['close', 'keep-alive', 'upgrade', 'content-length', 'host'])

// The values that most clients and servers send; they name no further header.
const USUAL: ReadonlySet<string> = new Set(['', 'keep-alive', 'Keep-Alive', 'close', 'Close', 'upgrade', 'Upgrade', 'keep-alive, Upgrade'])

/** The lower-case names of the further headers that Connection lists. */
export function namedByConnection (connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined || USUAL.has(connection)) return NONE
  const names = new Set<string>()
  for (const part of connection.split(',')) {
    const name = part.trim().toLowerCase()
    if (name !== '' && !NEVER_NAMED.has(name)) names.add(name)
  }
  return names
}
