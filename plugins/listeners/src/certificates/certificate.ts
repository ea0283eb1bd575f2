// What is in this certificate? Its parts are read from files or text, and checked against one another.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { PemCertificateOptions, PfxCertificateOptions } from '../options.ts'

/** Given in the options, made here, or issued by a CA. */
export type CertificateOrigin = 'given' | 'development' | 'acme'

/** A certificate that can be served. */
export interface Certificate {
  /** Its name in logs: its file, or its first host name. */
  readonly label: string
  /** Lower case, `*.example.com` for a wildcard. */
  readonly names: readonly string[]
  readonly validTo: Date
  /** Where it comes from. */
  readonly source: CertificateOrigin
  readonly parts: Pick<SecureContextOptions, 'cert' | 'key' | 'pfx' | 'passphrase'>
  /** What the TLS handshake uses. */
  readonly context: SecureContext
}

/** The files that a certificate is read from; none where it is given as text or a Buffer. */
export function filesOf (options: PemCertificateOptions | PfxCertificateOptions): string[] {
  const sources = 'pfx' in options ? [options.pfx] : [options.cert, options.key]
  return sources.filter((source): source is string => typeof source === 'string' && !isPem(source))
}

/**
 * Reads a certificate and its key.
 *
 * @param common TLS options of every certificate's context: ciphers, versions, client authorities.
 * @throws an Error whose message completes a sentence that begins with the certificate's name.
 */
export async function loadCertificate (options: PemCertificateOptions | PfxCertificateOptions, common: SecureContextOptions): Promise<Certificate> {
  const passphrase = options.passphrase === undefined ? {} : { passphrase: options.passphrase }
  if ('pfx' in options) {
    const pfx = typeof options.pfx === 'string' ? await read(options.pfx) : options.pfx
    const context = attempt('is no PFX, or not with this passphrase', () => createSecureContext({ pfx, ...passphrase }))
    // Node reads a PFX only into a context; the leaf certificate is read back from it.
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
  // Only creating a context checks the intermediate certificates and the key strength; done here, its error can name this certificate.
  const context = attempt('cannot be served: a certificate after it is damaged, or it does not go with the tls options', () => createSecureContext({ ...common, ...parts }))
  return { label: files[0] ?? names[0] ?? leaf.subject, names, validTo: new Date(leaf.validTo), source: 'given', parts, context }
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
