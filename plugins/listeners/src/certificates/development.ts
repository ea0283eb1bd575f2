// Where does the development certificate come from? It is kept in a folder, and made again when missing, near its end or not for all hosts.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { KeyPair } from './authority.ts'
import { permits } from './name-constraints.ts'
import { createFile, replaceFile } from './private-file.ts'

/** The contents of the folder once it is complete. */
export interface DevelopmentCertificate extends KeyPair {
  /** The authority's certificate, the file to trust; contains no key. */
  readonly authorityFile: string
  /** Every host that the certificate is for. */
  readonly hosts: readonly string[]
  readonly validTo: Date
  /** True where a new authority was made; the user has to trust it (again). */
  readonly newAuthority: boolean
}

const DAY = 86_400_000
const RENEW_BEFORE = 30 * DAY
/** Names reserved for local use (RFC 6761): permitting them is harmless, and new sites under them need no new authority. */
const LOCAL_NAMES = ['localhost', 'test', 'example', 'invalid']

/**
 * Returns the certificate kept in a folder, made on first use. Two processes that do so at once end with the same authority.
 * All files are readable by their owner only.
 *
 * @throws an Error whose message completes a sentence that begins with the development certificate.
 */
export async function developmentCertificate (folder: string, hosts: readonly string[]): Promise<DevelopmentCertificate> {
  try {
    return await keepCertificate(folder, hosts)
  } catch (error) {
    throw new Error(`cannot be kept in ${folder}: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`, { cause: error })
  }
}

async function keepCertificate (folder: string, hosts: readonly string[]): Promise<DevelopmentCertificate> {
  const wanted = [...new Set(['localhost', ...hosts.map(plain), '127.0.0.1', '::1'])]
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { authority, isNew } = await keepAuthority(folder, wanted.filter(host => !isLoopback(host)).map(host => host.replace(/^\*\./, '')))

  const authorityFile = join(folder, 'development-ca.crt')
  await replaceFile(authorityFile, authority.cert)

  const file = join(folder, 'development.pem')
  const kept = await readPair(file)
  const leaf = kept !== null && isGood(kept, wanted, authority) ? kept : await makeLeaf(file, authority, wanted)
  return { ...leaf, authorityFile, hosts: wanted, validTo: new Date(new X509Certificate(leaf.cert).validTo), newAuthority: isNew }
}

// Key and certificate are in one file, so that no process finds one without the other.
async function keepAuthority (folder: string, hosts: readonly string[]): Promise<{ authority: KeyPair, isNew: boolean }> {
  const file = join(folder, 'development-ca.pem')
  const kept = await readPair(file)
  if (kept !== null && lasts(kept.cert) && permits(kept.cert, hosts)) return { authority: kept, isNew: false }
  const { makeAuthority } = await import('./authority.ts')
  const permitted = [...LOCAL_NAMES, ...hosts.filter(host => !LOCAL_NAMES.some(local => host === local || host.endsWith(`.${local}`)))]
  const made = await makeAuthority(permitted, `fastify-arr development, ${hostname()}, ${new Date().toISOString().slice(0, 10)}`)
  if (kept !== null) {
    await replaceFile(file, made.cert + made.key)
    return { authority: made, isNew: true }
  }
  if (await createFile(file, made.cert + made.key)) return { authority: made, isNew: true }
  // Another process has created the file first: its authority is used where it permits all hosts. A damaged file is replaced, or every later start would fail.
  const existing = await readPair(file)
  if (existing !== null && permits(existing.cert, hosts)) return { authority: existing, isNew: true }
  await replaceFile(file, made.cert + made.key)
  return { authority: made, isNew: true }
}

async function makeLeaf (file: string, authority: KeyPair, hosts: readonly string[]): Promise<KeyPair> {
  const { makeCertificate } = await import('./authority.ts')
  const made = await makeCertificate(authority, hosts)
  await replaceFile(file, made.cert + made.key)
  return made
}

async function readPair (file: string): Promise<KeyPair | null> {
  try {
    const text = await readFile(file, 'utf8')
    const cert = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\r?\n?/.exec(text)?.[0]
    const key = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\r?\n?/.exec(text)?.[0]
    return cert === undefined || key === undefined || !belong(cert, key) ? null : { cert, key }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

// A damaged pair is treated as missing, and made again.
function belong (cert: string, key: string): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}

function isGood ({ cert }: KeyPair, hosts: readonly string[], authority: KeyPair): boolean {
  const certificate = new X509Certificate(cert)
  return lasts(cert) &&
    certificate.verify(new X509Certificate(authority.cert).publicKey) &&
    hosts.every(host => isIP(host) === 0 ? certificate.checkHost(host.replace('*', 'any')) !== undefined : certificate.checkIP(host) !== undefined)
}

// A certificate made while the machine's clock was ahead is not valid yet.
function lasts (cert: string): boolean {
  const { validFrom, validTo } = new X509Certificate(cert)
  return Date.parse(validFrom) <= Date.now() && Date.parse(validTo) - Date.now() > RENEW_BEFORE
}

/** A host as written in a certificate: lower case, without brackets; an IPv6 address in its canonical form. */
function plain (host: string): string {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase()
  return isIP(name) === 6 ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name
}

// Every authority permits loopback addresses.
function isLoopback (host: string): boolean {
  return isIP(host) === 4 ? host.startsWith('127.') : host === '::1'
}
