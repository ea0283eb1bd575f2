// Which certificate does this client get? A listener's certificates, chosen by the name the client asks for (SNI).

import type { SecureContext } from 'node:tls'
import type { Certificate } from './certificate.ts'

/** The certificates of one listener. */
export interface CertificateStore {
  /** Exact name, then the wildcard for its left-most label, then the first certificate. */
  find (servername: string): SecureContext
  /** For clients that name nobody. */
  first (): Certificate['parts']
  /** Puts others in their place for the handshakes to come; connections that stand keep what they have. */
  swap (certificates: readonly Certificate[]): void
  onSwap (callback: () => void): void
  /** The names among these that no certificate is for. */
  missing (names: readonly string[]): string[]
  list (): readonly Certificate[]
}

interface Shelf {
  readonly certificates: readonly Certificate[]
  readonly byName: ReadonlyMap<string, SecureContext>
  readonly first: SecureContext
}

export function createCertificateStore (certificates: readonly Certificate[]): CertificateStore {
  let shelf = fill(certificates)
  const callbacks: (() => void)[] = []
  return {
    find (servername) {
      const name = servername.toLowerCase()
      const exact = shelf.byName.get(name)
      if (exact !== undefined) return exact
      const dot = name.indexOf('.')
      // A wildcard stands for one label (RFC 6125 §6.4.3).
      return (dot === -1 ? undefined : shelf.byName.get(`*${name.slice(dot)}`)) ?? shelf.first
    },
    first: () => (shelf.certificates[0] as Certificate).parts,
    swap (next) {
      shelf = fill(next)
      for (const callback of callbacks) callback()
    },
    onSwap (callback) { callbacks.push(callback) },
    missing: names => names.filter(name => !shelf.byName.has(name) && !shelf.byName.has(`*${name.slice(Math.max(0, name.indexOf('.')))}`)),
    list: () => shelf.certificates
  }
}

// Where two certificates have the same name, the first in the list is served.
function fill (certificates: readonly Certificate[]): Shelf {
  const byName = new Map<string, SecureContext>()
  for (const { names, context } of certificates) {
    for (const name of names) if (!byName.has(name)) byName.set(name, context)
  }
  return { certificates, byName, first: (certificates[0] as Certificate).context }
}
