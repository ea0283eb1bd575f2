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
  const wanted = [...new Set(['localhost', ...hosts.map(host => host.replace(/^\[|\]$/g, '').toLowerCase()), '127.0.0.1', '::1'])]
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { authority, isNew } = await keepAuthority(folder, wanted.filter(host => isIP(host) === 0).map(host => host.replace(/^\*\./, '')))

  const authorityFile = join(folder, 'development-ca.crt')
  await replaceFile(authorityFile, authority.cert)

  const file = join(folder, 'development.pem')
  const kept = await readPair(file)
  const leaf = kept !== null && isGood(kept, wanted, authority) ? kept : await makeLeaf(file, authority, wanted)
  return { ...leaf, authorityFile, hosts: wanted, validTo: new Date(new X509Certificate(leaf.cert).validTo), newAuthority: isNew }
}

// Key and certificate are one file, so that no reader ever finds one without the other.
async function keepAuthority (folder: string, names: readonly string[]): Promise<{ authority: KeyPair, isNew: boolean }> {
  const file = join(folder, 'development-ca.pem')
  const kept = await readPair(file)
  if (kept !== null && lasts(kept.cert) && permits(kept.cert, names)) return { authority: kept, isNew: false }
  const { makeAuthority } = await import('./authority.ts')
  const permitted = [...LOCAL_NAMES, ...names.filter(name => !LOCAL_NAMES.some(local => name === local || name.endsWith(`.${local}`)))]
  const made = await makeAuthority(permitted, `fastify-arr development, ${hostname()}, ${new Date().toISOString().slice(0, 10)}`)
  if (kept !== null) {
    await replaceFile(file, made.cert + made.key)
    return { authority: made, isNew: true }
  }
  if (await createFile(file, made.cert + made.key)) return { authority: made, isNew: true }
  // Another process was first: its authority is the one. Where it cannot be read, the file is damaged, and would be for every start to come.
  const others = await readPair(file)
  if (others === null) await replaceFile(file, made.cert + made.key)
  return { authority: others ?? made, isNew: true }
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

// The names stand as plain ASCII in the certificate's name constraints, each after its tag [2] and its length.
function permits (cert: string, names: readonly string[]): boolean {
  const der = new X509Certificate(cert).raw.toString('latin1')
  const isPermitted = (name: string): boolean => der.includes(`\x82${String.fromCharCode(name.length)}${name}`)
  return names.every(name => name.split('.').some((_, index, labels) => isPermitted(labels.slice(index).join('.'))))
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
