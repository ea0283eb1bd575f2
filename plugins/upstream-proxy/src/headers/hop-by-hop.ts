// Which headers end at this hop?

/** Headers of one connection, not of the message (RFC 9110 §7.6.1), with the two that never became standard. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization',
  'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings'
])

const NONE: ReadonlySet<string> = new Set()

// Whatever Connection lists: these frame the message and say whom it is for.
const NEVER_NAMED: ReadonlySet<string> = new Set(['close', 'keep-alive', 'upgrade', 'content-length', 'host'])

// What most clients and servers write, which names nothing further.
const USUAL: ReadonlySet<string> = new Set(['', 'keep-alive', 'Keep-Alive', 'close', 'Close', 'upgrade', 'Upgrade', 'keep-alive, Upgrade'])

/** The further header names that the values of Connection list, lower-cased. */
export function namedByConnection (connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined || USUAL.has(connection)) return NONE
  const names = new Set<string>()
  for (const part of connection.split(',')) {
    const name = part.trim().toLowerCase()
    if (name !== '' && !NEVER_NAMED.has(name)) names.add(name)
  }
  return names
}
