// Which certificates are given? Files and folders: `HOST=FILE.pfx`, `HOST=FILE.crt,FILE.key`, or a folder with one or the other for each host.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import type { CertificateOptions } from '@fastify-arr/listeners'
import { EnvironmentError } from './environment.ts'

type Environment = Readonly<Record<string, string | undefined>>
type Given = Exclude<CertificateOptions, string>

const HOSTS = /^([\w*-]+(?:\.[\w-]+)*(?:,[\w*-]+(?:\.[\w-]+)*)*)=(.+)$/s
const PFX = /\.(pfx|p12)$/i
const CERTIFICATE = /\.(crt|cer|pem)$/i

/** The entries of a list with semicolons, since paths have commas before a key; one text, or several where an option was repeated. */
export function entriesIn (text: string | readonly string[] | undefined): string[] {
  return [text ?? ''].flat().flatMap(entries => entries.split(';')).map(entry => entry.trim()).filter(entry => entry !== '')
}

/**
 * The certificates of all entries, for listeners. A passphrase is in the variable `CERTIFICATE_PASSPHRASE`, or in one with the file's
 * name behind it: `CERTIFICATE_PASSPHRASE_WWW_EXAMPLE_COM` for `www.example.com.pfx`.
 *
 * @throws EnvironmentError with a sentence for each entry that is none.
 */
export function certificatesOf (entries: readonly string[], env: Environment): Given[] {
  const mistakes: string[] = []
  const found = entries.flatMap(entry => {
    const [, names, path = entry] = HOSTS.exec(entry) ?? []
    try {
      return read(path, names?.split(','), env)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      mistakes.push(`--certificate ${entry}: ${code === undefined ? message : `it cannot be read (${code})`}.`)
      return []
    }
  })
  if (mistakes.length > 0) throw new EnvironmentError(mistakes.join('\n'))
  return found
}

function read (path: string, hosts: string[] | undefined, env: Environment): Given[] {
  const of = hosts === undefined ? {} : { hosts }
  const comma = path.lastIndexOf(',')
  const pair = comma === -1 ? null : { cert: path.slice(0, comma), key: path.slice(comma + 1) }
  if (pair !== null && isFile(pair.cert)) return [{ ...pair, ...of, ...passphraseFor(pair.key, env) }]
  if (statSync(path).isDirectory()) {
    const inside = ofFolder(path, env)
    if (inside.length === 0) throw new Error('the folder has no .pfx, and no certificate with its .key')
    return inside
  }
  if (PFX.test(path)) return [{ pfx: path, ...of, ...passphraseFor(path, env) }]
  const key = keyOf(path)
  if (key === null) throw new Error(`its key is not in it and not beside it: write ${path},KEY`)
  return [{ cert: path, key, ...of, ...passphraseFor(path, env) }]
}

/** What is in a folder: each PFX, each certificate with its key, and each folder as certbot makes them. */
function ofFolder (folder: string, env: Environment): Given[] {
  return readdirSync(folder, { withFileTypes: true }).sort((a, b) => a.name < b.name ? -1 : 1).flatMap((entry): Given[] => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      const [cert, key] = [join(path, 'fullchain.pem'), join(path, 'privkey.pem')]
      return isFile(cert) && isFile(key) ? [{ cert, key }] : []
    }
    if (PFX.test(path)) return [{ pfx: path, ...passphraseFor(path, env) }]
    const key = CERTIFICATE.test(path) ? keyOf(path) : null
    return key === null || !holds(path, 'CERTIFICATE') ? [] : [{ cert: path, key, ...passphraseFor(path, env) }]
  })
}

/** The key of a certificate: in the file itself, or beside it under the same name; null where there is none. */
function keyOf (path: string): string | null {
  if (holds(path, 'PRIVATE KEY')) return path
  const beside = `${path.slice(0, -extname(path).length || undefined)}.key`
  return isFile(beside) ? beside : null
}

function passphraseFor (path: string, env: Environment): { passphrase?: string } {
  const name = basename(path).replace(/\.[^.]*$/, '').toUpperCase().replace(/[^A-Z\d]/g, '_')
  const passphrase = env[`CERTIFICATE_PASSPHRASE_${name}`] ?? env.CERTIFICATE_PASSPHRASE
  return passphrase === undefined ? {} : { passphrase }
}

function holds (path: string, what: string): boolean {
  return new RegExp(`-----BEGIN (\\w+ )*${what}-----`).test(readFileSync(path, 'latin1'))
}

function isFile (path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
