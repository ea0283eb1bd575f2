// Where does the development certificate come from? A folder that keeps it, and makes what is missing, too old or too narrow.

import { createPrivateKey, randomUUID, X509Certificate } from 'node:crypto'
import { chmod, link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { isIP } from 'node:net'
import type { KeyPair } from './authority.ts'

/** What the folder holds once it is complete. */
export interface DevelopmentCertificate extends KeyPair {
  /** The authority's certificate, the file to trust. It holds no key. */
  readonly authorityFile: string
  /** Everything the certificate is for. */
  readonly hosts: readonly string[]
  readonly validTo: Date
  /** True where a new authority had to be made: it has to be trusted (again). */
  readonly newAuthority: boolean
}

const DAY = 86_400_000
const RENEW_BEFORE = 30 * DAY
/** Names that belong to nobody on the Internet (RFC 6761): an authority for them does no harm, and new sites under them need no new one. */
const LOCAL_NAMES = ['localhost', 'test', 'example', 'invalid']

/**
 * Gives the certificate kept in a folder, made by the first who needs it. Two processes may do so at once: both end with the same
 * authority. Everything is readable by its owner only.
 *
 * @throws an Error whose message is the end of a sentence about the development certificate.
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

// Key and certificate are one file, so that no reader ever finds one without the other.
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
  // Another process was first: its authority is the one, where it is for our hosts too. A damaged file would be so for every start to come.
  const others = await readPair(file)
  if (others !== null && permits(others.cert, hosts)) return { authority: others, isNew: true }
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

// What is damaged can be made anew, as what is missing.
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

// Not yet valid is what was made while the machine's clock was ahead.
function lasts (cert: string): boolean {
  const { validFrom, validTo } = new X509Certificate(cert)
  return Date.parse(validFrom) <= Date.now() && Date.parse(validTo) - Date.now() > RENEW_BEFORE
}

// In the certificate's name constraints names stand as plain ASCII, each after its tag [2] and its length, and addresses as their bytes and
// those of a whole mask, after the tag [7].
function permits (cert: string, hosts: readonly string[]): boolean {
  const der = new X509Certificate(cert).raw
  const isThere = (tag: number, value: Buffer): boolean => der.includes(Buffer.concat([Buffer.of(tag, value.length), value]))
  const isNamed = (name: string): boolean => name.split('.').some((_, index, labels) => isThere(0x82, Buffer.from(labels.slice(index).join('.'))))
  return hosts.every(host => {
    if (isIP(host) === 0) return isNamed(host)
    const bytes = bytesOf(host)
    return isThere(0x87, Buffer.concat([bytes, Buffer.alloc(bytes.length, 0xff)]))
  })
}

function bytesOf (address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail = ''] = address.split('::')
  const [before, after] = [head, tail].map(part => part === '' ? [] : part.split(':')) as [string[], string[]]
  const groups = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after]
  return Buffer.from(groups.map(group => group.padStart(4, '0')).join(''), 'hex')
}

/** A host as it stands in a certificate. An IPv6 address has one way to be written, in hexadecimal groups alone. */
function plain (host: string): string {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase()
  return isIP(name) === 6 ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name
}

// Every authority is for these.
function isLoopback (host: string): boolean {
  return isIP(host) === 4 ? host.startsWith('127.') : host === '::1'
}

async function writeAside (file: string, text: string): Promise<string> {
  const aside = `${file}.${randomUUID()}`
  await writeFile(aside, text, { mode: 0o600, flag: 'wx' })
  // The umask may have taken more away than meant, never less; on Windows the folder's rights are inherited.
  await chmod(aside, 0o600)
  return aside
}

/** Puts a file in place, whole. */
async function replaceFile (file: string, text: string): Promise<void> {
  if (await readFile(file, 'utf8').catch(() => null) === text) return
  const aside = await writeAside(file, text)
  try {
    await rename(aside, file)
  } catch (error) {
    await rm(aside, { force: true })
    throw error
  }
}

/** Puts a file in place, whole, unless there is one: then false. */
async function createFile (file: string, text: string): Promise<boolean> {
  const aside = await writeAside(file, text)
  try {
    await link(aside, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    // A file system without hard links.
    await rename(aside, file)
    return true
  } finally {
    await rm(aside, { force: true })
  }
}
