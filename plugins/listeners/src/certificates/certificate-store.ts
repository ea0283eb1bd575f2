// Which certificate does this client get? A listener's certificates, chosen by the name that the client sends (SNI).

import type { SecureContext } from 'node:tls'
import type { Certificate } from './certificate.ts'

/** The certificates of one listener. */
export interface CertificateStore {
  /** The certificate of the exact name, else of the wildcard for its left-most label, else the first certificate. */
  find (servername: string): SecureContext
  /** The certificate for clients that send no name. */
  first (): Certificate['parts']
  /** Replaces the certificates for later handshakes; open connections keep theirs. */
  swap (certificates: readonly Certificate[]): void
  onSwap (callback: () => void): void
  /** Those of the names that no certificate covers. */
  missing (names: readonly string[]): string[]
  list (): readonly Certificate[]
}

interface Certificates {
  readonly certificates: readonly Certificate[]
  readonly byName: ReadonlyMap<string, SecureContext>
  readonly first: SecureContext
}

export function createCertificateStore (certificates: readonly Certificate[]): CertificateStore {
  let current = indexByName(certificates)
  const callbacks: (() => void)[] = []
  return {
    find (servername) {
      const name = servername.toLowerCase()
      const exact = current.byName.get(name)
      if (exact !== undefined) return exact
      const dot = name.indexOf('.')
      // A wildcard matches one label (RFC 6125 §6.4.3).
      return (dot === -1 ? undefined : current.byName.get(`*${name.slice(dot)}`)) ?? current.first
    },
    first: () => (current.certificates[0] as Certificate).parts,
    swap (next) {
      current = indexByName(next)
      for (const callback of callbacks) callback()
    },
    onSwap (callback) { callbacks.push(callback) },
    missing: names => names.filter(name => !current.byName.has(name) && !current.byName.has(`*${name.slice(Math.max(0, name.indexOf('.')))}`)),
    list: () => current.certificates
  }
}

// Of two certificates with the same name, the first in the list is served.
function indexByName (certificates: readonly Certificate[]): Certificates {
  const byName = new Map<string, SecureContext>()
  for (const { names, context } of certificates) {
    for (const name of names) if (!byName.has(name)) byName.set(name, context)
  }
  return { certificates, byName, first: (certificates[0] as Certificate).context }
}
