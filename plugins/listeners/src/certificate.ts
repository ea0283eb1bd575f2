// What is in this certificate? Its parts read from where they are kept, and found to fit one another.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { PemCertificateOptions, PfxCertificateOptions } from './listener.ts'

/** A certificate that can be served. */
export interface Certificate {
  /** What a person calls it: its file, or its first name. */
  readonly label: string
  /** Lower case, `*.example.com` for a wildcard. */
  readonly names: readonly string[]
  readonly validTo: Date
  readonly parts: Pick<SecureContextOptions, 'cert' | 'key' | 'pfx' | 'passphrase'>
  /** What a handshake is done with. */
  readonly context: SecureContext
}

/** The files a certificate is read from; none where it was given as text or bytes. */
export function filesOf (options: PemCertificateOptions | PfxCertificateOptions): string[] {
  const sources = 'pfx' in options ? [options.pfx] : [options.cert, options.key]
  return sources.filter((source): source is string => typeof source === 'string' && !isPem(source))
}

/**
 * Reads a certificate and its key.
 *
 * @param common what every certificate's context shares: ciphers, versions, client authorities.
 * @throws an Error whose message says what is wrong with it, as the end of a sentence about this certificate.
 */
export async function loadCertificate (options: PemCertificateOptions | PfxCertificateOptions, common: SecureContextOptions): Promise<Certificate> {
  const passphrase = options.passphrase === undefined ? {} : { passphrase: options.passphrase }
  if ('pfx' in options) {
    const pfx = typeof options.pfx === 'string' ? await read(options.pfx) : options.pfx
    const context = attempt('is no PFX, or not with this passphrase', () => createSecureContext({ pfx, ...passphrase }))
    // Node opens a PFX only into a context; its leaf can be read back from there.
    const leaf = (context as unknown as { context?: { getCertificate?: () => Buffer | null } }).context?.getCertificate?.()
    if (!leaf) throw new Error('holds no certificate with its key')
    return describe(new X509Certificate(leaf), filesOf(options), options.hosts, { pfx, ...passphrase }, common)
  }
  const cert = isPem(options.cert) ? options.cert : await read(options.cert as string)
  const key = isPem(options.key) ? options.key : await read(options.key as string)
  const leaf = attempt('is no certificate in PEM', () => new X509Certificate(cert))
  const privateKey = attempt('has a key that is no private key in PEM, or not with this passphrase', () => createPrivateKey({ key, ...passphrase }))
  if (!leaf.checkPrivateKey(privateKey)) throw new Error('has a key that belongs to another certificate')
  return describe(leaf, filesOf(options), options.hosts, { cert, key, ...passphrase }, common)
}

function describe (leaf: X509Certificate, files: readonly string[], hosts: readonly string[] | undefined, parts: Certificate['parts'], common: SecureContextOptions): Certificate {
  const names = (hosts ?? [...(leaf.subjectAltName ?? '').matchAll(/(?:^|, )DNS:([^,"]+)/g)].map(match => match[1] as string)).map(name => name.toLowerCase())
  // Only a context reads what follows the leaf, and knows what is too weak: so it is made here, where a mistake is still about this certificate.
  const context = attempt('cannot be served: a certificate after it is damaged, or it does not go with the tls options', () => createSecureContext({ ...common, ...parts }))
  return { label: files[0] ?? names[0] ?? leaf.subject, names, validTo: new Date(leaf.validTo), parts, context }
}

function isPem (source: string | Buffer): boolean {
  return typeof source !== 'string' || source.includes('-----BEGIN ')
}

async function read (file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new Error(`cannot be read from ${file}: ${(error as NodeJS.ErrnoException).code}`, { cause: error })
  }
}

function attempt <T> (what: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw new Error(what, { cause: error })
  }
}
