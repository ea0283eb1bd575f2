// What is kept in the folder? The account's key, the certificates, how the last tries ended, and the answers to open challenges; all readable by the owner only.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { chmod, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyPair } from '../certificates/authority.ts'
import { stampsOf } from '../certificates/file-stamps.ts'
import { createFile, replaceFile } from '../certificates/private-file.ts'
import { whyNot } from './names.ts'
import { TOKEN } from './order.ts'

/** A certificate of the folder. */
export interface Kept extends KeyPair {
  readonly validFrom: number
  readonly validTo: number
  readonly serial: string
}

/** How the tries for a name ended since its last certificate. */
export interface Trouble {
  readonly failures: number
  /** When it is tried again, ms since 1970. */
  readonly nextTry: number
  readonly error: string
}

/** The folder of one CA. */
export interface Folder {
  readonly lockFile: string
  /** Reads certificates and troubles again where files have changed; null where none has. */
  read (): Promise<{ readonly kept: ReadonlyMap<string, Kept>, readonly troubles: ReadonlyMap<string, Trouble> } | null>
  /** The account's key; of two processes that make one, both get the same. */
  accountKey (make: () => string): Promise<string>
  keep (name: string, pair: KeyPair): Promise<void>
  /** Null forgets the trouble of a name. */
  setTrouble (name: string, trouble: Trouble | null): Promise<void>
  /** When orders were begun in the last hour, ms since 1970. */
  tries (): Promise<number[]>
  addTry (at: number): Promise<void>
  layAnswer (file: string, text: string): Promise<void>
  takeAnswer (file: string): Promise<void>
  /** The answer to an HTTP-01 challenge; null where there is none. */
  answer (token: string): Promise<string | null>
  /** The certificate that answers TLS-ALPN-01 for a name, with its key; null where there is none. Read at once: the handshake does not wait. */
  proof (name: string): string | null
  /** Removes answers that a killed process has left, and troubles of names that nobody asks for any more. */
  tidy (): Promise<void>
}

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** A CA's wish of a week is heeded, and a tenth is added to pauses at random. */
const LONGEST_TROUBLE = 8 * DAY
/** More names than any server has; what goes beyond is not read. */
const MOST_NAMES = 10_000

/** The file that answers TLS-ALPN-01 for a name: no token has a dot. */
export const proofFile = (name: string): string => `${name}.alpn`

/** Opens the folder of a CA, and makes it where it is missing. */
export async function openFolder (parent: string, directory: string): Promise<Folder> {
  // A certificate of a staging directory must not be served as one of the real one.
  const own = join(parent, new URL(directory).host.replace(':', '_'))
  const [certificates, challenges] = [join(own, 'certificates'), join(own, 'challenges')]
  for (const folder of [certificates, challenges]) await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const folder of [own, certificates, challenges]) await chmod(folder, 0o700)
  const [account, triesFile] = [join(own, 'account.pem'), join(own, 'tries.json')]
  let stamps: string | null = null

  return {
    lockFile: join(own, 'lock'),
    async read () {
      const all = (await readdir(certificates)).filter(file => whyNot(file.replace(/\.\w+$/, '')) === null).sort()
      // Each with a limit of its own: troubles of names that clients have made up must not push certificates out.
      const files = ['.pem', '.json'].flatMap(ending => all.filter(file => file.endsWith(ending)).slice(0, MOST_NAMES))
      const now = `${files.join()}\n${await stampsOf(files.map(file => join(certificates, file)))}`
      if (now === stamps) return null
      const [kept, troubles] = [new Map<string, Kept>(), new Map<string, Trouble>()]
      for (const file of files) {
        const name = file.replace(/\.\w+$/, '')
        // A file that cannot be read now, because there are too many open ones for example, is still there: the round fails, and the next one reads it.
        const text = await readFile(join(certificates, file), 'utf8').catch(goneOnly)
        const found = file.endsWith('.pem') ? keptIn(text) : null
        if (found !== null) kept.set(name, found)
        const trouble = file.endsWith('.json') ? troubleIn(text) : null
        if (trouble !== null) troubles.set(name, trouble)
      }
      stamps = now
      return { kept, troubles }
    },
    async accountKey (make) {
      const existing = await readFile(account, 'utf8').catch(() => '')
      if (isKey(existing)) return existing
      // A damaged key is of no use to any account.
      if (existing !== '') await replaceFile(account, make())
      else await createFile(account, make())
      return await readFile(account, 'utf8')
    },
    keep: async (name, { cert, key }) => { await replaceFile(join(certificates, `${name}.pem`), `${cert.trimEnd()}\n${key}`) },
    async setTrouble (name, trouble) {
      const file = join(certificates, `${name}.json`)
      if (trouble === null) await rm(file, { force: true })
      else await replaceFile(file, JSON.stringify(trouble))
    },
    tries,
    async addTry (at) { await replaceFile(triesFile, JSON.stringify([...await tries(), at])) },
    layAnswer: async (file, text) => { await replaceFile(join(challenges, file), text) },
    takeAnswer: async file => { await rm(join(challenges, file), { force: true }) },
    answer: async token => TOKEN.test(token) ? await readFile(join(challenges, token), 'utf8').catch(() => null) : null,
    proof (name) {
      if (whyNot(name) !== null) return null
      try {
        return readFileSync(join(challenges, proofFile(name)), 'utf8')
      } catch {
        return null
      }
    },
    async tidy () {
      for (const file of await readdir(challenges)) {
        const { mtimeMs = Infinity } = await stat(join(challenges, file)).catch(() => ({})) as { mtimeMs?: number }
        if (Date.now() - mtimeMs > HOUR) await rm(join(challenges, file), { force: true })
      }
      const files = new Set(await readdir(certificates))
      for (const file of files) {
        if (!file.endsWith('.json') || files.has(file.replace(/json$/, 'pem'))) continue
        const trouble = troubleIn(await readFile(join(certificates, file), 'utf8').catch(() => ''))
        if (trouble === null || Date.now() - trouble.nextTry > DAY) await rm(join(certificates, file), { force: true })
      }
    }
  }

  async function tries (): Promise<number[]> {
    const list: unknown = parsed(await readFile(triesFile, 'utf8').catch(() => ''))
    const now = Date.now()
    return Array.isArray(list) ? list.filter((at): at is number => typeof at === 'number' && at <= now && now - at < HOUR) : []
  }
}

/** The pair in a file; null where it is damaged: then it is ordered again. */
export function keptIn (text: string): Kept | null {
  const at = text.search(/-----BEGIN (?:EC |RSA )?PRIVATE KEY-----/)
  if (at === -1) return null
  const [cert, key] = [text.slice(0, at), text.slice(at)]
  try {
    const leaf = new X509Certificate(cert)
    if (!leaf.checkPrivateKey(createPrivateKey(key))) return null
    // The rest of the chain as well: one that cannot be loaded would keep the others of a listener from being loaded.
    createSecureContext({ cert, key })
    return { cert, key, validFrom: Date.parse(leaf.validFrom), validTo: Date.parse(leaf.validTo), serial: leaf.serialNumber }
  } catch {
    return null
  }
}

function troubleIn (text: string): Trouble | null {
  const { failures, nextTry, error } = (parsed(text) ?? {}) as Partial<Trouble>
  // Further ahead than any pause is long: it was written while the clock was wrong.
  if (typeof nextTry === 'number' && nextTry - Date.now() > LONGEST_TROUBLE) return null
  return typeof failures === 'number' && typeof nextTry === 'number' ? { failures, nextTry, error: String(error) } : null
}

function goneOnly (error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return ''
  throw error
}

function isKey (text: string): boolean {
  try {
    return createPrivateKey(text).asymmetricKeyType === 'ec'
  } catch {
    return false
  }
}

function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
