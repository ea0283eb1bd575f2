// Who sees to it that each name has a certificate? A round at an interval: what is due is ordered by the process that holds the lock; the others read what it has written.

import type { AcmeName } from '@fastify-arr/facts'
import { X509Certificate } from 'node:crypto'
import type { KeyPair } from '../certificates/authority.ts'
import type { Log } from '../certificates/certificate-source.ts'
import { newAccountKey, openAccount, type Account } from './account.ts'
import { openExchange } from './exchange.ts'
import { keptIn, type Folder, type Kept, type Trouble } from './folder.ts'
import { createLocker, type Lock } from './lock.ts'
import { orderCertificate } from './order.ts'
import type { AcmeSettings } from './settings.ts'
import { standIn } from './stand.ts'
import { renewalOf, troubleAfter } from './when.ts'

/** The certificates of one CA. */
export interface Keeper {
  has (name: string): boolean
  /** Whether a name may be ordered now: it has not failed, or its pause is over. */
  isRested (name: string): boolean
  pairs (): readonly KeyPair[]
  states (): readonly AcmeName[]
  /** Orders a name that is not in the list as well, until it is taken off. */
  wanted: Set<string>
  /** Whether the user's function permits a name; false where it fails or does not answer. */
  isAllowed (name: string): Promise<boolean>
  /** One round; of concurrent calls all wait for the same. */
  round (): Promise<void>
  /** @param changed is called, and waited for, where certificates have changed. */
  start (interval: number, changed: () => Promise<void>): void
  close (): Promise<void>
}

/** How long one order may take, ms. */
const ORDER_TIME = 180_000
/** How long the user's functions may take, ms. */
const ANSWER_TIME = 10_000
/** How long a function that has said no is not asked about a name that has a certificate, ms. */
const ASK_AGAIN = 3_600_000
const DAY = 86_400_000

export async function openKeeper (settings: AcmeSettings, names: ReadonlySet<string>, folder: Folder, log: Log): Promise<Keeper> {
  const takeLock = createLocker(folder.lockFile, settings.lockTimeout)
  const stop = new AbortController()
  const ca = openExchange(settings.ca, stop.signal)
  const stand = standIn(folder)
  const wanted = new Set<string>()
  let kept: ReadonlyMap<string, Kept> = new Map()
  let troubles: ReadonlyMap<string, Trouble> = new Map()
  let account: Account | null = null
  let changed = async (): Promise<void> => {}
  let current: Promise<void> | null = null
  let timer: NodeJS.Timeout | undefined
  let saidFull = 0
  /** Names that the user's function does not permit any more, and when it is asked again. */
  const refused = new Map<string, number>()
  let tidied = 0
  await read()

  return {
    wanted,
    isAllowed,
    round,
    has: name => kept.has(name),
    isRested: name => (troubles.get(name)?.nextTry ?? 0) <= Date.now(),
    pairs: () => [...kept.values()],
    states: () => [...new Set([...names, ...kept.keys(), ...troubles.keys()])].map(name => {
      const [one, trouble] = [kept.get(name), troubles.get(name)]
      return { name, validTo: one === undefined ? null : new Date(one.validTo), nextTry: new Date(dueAt(name)), failures: trouble?.failures ?? 0, lastError: trouble?.error ?? null }
    }),
    start (interval, then) {
      changed = then
      timer = setInterval(() => { round().catch(() => {}) }, interval).unref()
      round().catch(() => {})
    },
    async close () {
      clearInterval(timer)
      stop.abort(new Error('the server closes'))
      ca.close()
      await current
    }
  }

  function round (): Promise<void> {
    return (current ??= once().catch(error => log.warn({ err: error }, `The certificates of ${settings.directory} cannot be kept: ${(error as Error).message}`)).finally(() => { current = null }))
  }

  async function once (): Promise<void> {
    if (Date.now() - tidied > DAY) {
      tidied = Date.now()
      await folder.tidy()
    }
    await read()
    if (due().length === 0 || stop.signal.aborted) return
    const lock = await takeLock()
    if (lock === null) return
    try {
      // Who had the lock before may have ordered them.
      await read()
      const tried = new Set<string>()
      for (;;) {
        const name = due().find(one => !tried.has(one))
        if (name === undefined || !lock.isHeld() || stop.signal.aborted) return
        tried.add(name)
        if (!names.has(name) && !await isAllowed(name)) {
          refused.set(name, Date.now() + ASK_AGAIN)
          continue
        }
        if (!await mayTry()) return
        await order(name, lock)
      }
    } finally {
      await lock.release()
    }
  }

  async function read (): Promise<void> {
    const found = await folder.read()
    if (found === null) return
    const before = kept
    ;({ kept, troubles } = found)
    const serials = (of: ReadonlyMap<string, Kept>): string => [...of].map(([name, { serial }]) => `${name} ${serial}`).join('\n')
    if (serials(before) !== serials(kept)) await changed()
  }

  function dueAt (name: string): number {
    const one = kept.get(name)
    return troubles.get(name)?.nextTry ?? (one === undefined ? 0 : renewalOf(one))
  }

  /** What was ordered on demand is renewed as long as it is allowed. */
  function due (): string[] {
    const now = Date.now()
    return [...new Set([...names, ...wanted, ...settings.allow === null ? [] : kept.keys()])].filter(name => dueAt(name) <= now && (refused.get(name) ?? 0) <= now)
  }

  async function mayTry (): Promise<boolean> {
    const tries = await folder.tries()
    if (tries.length < settings.triesPerHour) return true
    const [oldest] = tries as [number]
    if (saidFull !== oldest) log.warn({ tries: tries.length }, `No certificate is ordered until ${when(oldest + 3_600_000)}: there were ${tries.length} tries within an hour, and \`acme.triesPerHour\` is ${settings.triesPerHour}`)
    saidFull = oldest
    return false
  }

  async function order (name: string, lock: Lock): Promise<void> {
    const before = troubles.get(name)
    try {
      const addresses = await timely(settings.resolve(name)).catch(error => { throw new Error(`the name does not resolve: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`, { cause: error }) })
      if (addresses.length === 0) throw new Error('the name has no address')
      await folder.addTry(Date.now())
      account ??= await openAccount(settings.directory, settings.email, await folder.accountKey(newAccountKey), ca.exchange)
      // After a failure another type comes first.
      const turn = (before?.failures ?? 0) % settings.challenges.length
      const types = [...settings.challenges.slice(turn), ...settings.challenges.slice(0, turn)]
      const pair = await orderCertificate(account, name, types, stand, AbortSignal.any([stop.signal, AbortSignal.timeout(ORDER_TIME)]))
      const found = keptIn(pair.cert + pair.key)
      if (found === null || new X509Certificate(found.cert).checkHost(name, { subject: 'never' }) === undefined) throw new Error('the certificate is not for the name and the key that were sent')
      if (!lock.isHeld()) throw new Error('another process has taken over')
      await folder.keep(name, pair)
      // Without a pause it would be ordered again and again.
      if (renewalOf(found) <= Date.now()) throw new Error(`the certificate that the CA has issued is due for renewal already, it is valid until ${when(found.validTo)}: is the clock of this machine right?`)
      await folder.setTrouble(name, null)
      log.info(`The CA has issued a certificate for ${name}, valid until ${when(found.validTo)}; it is renewed at ${when(renewalOf(found))}`)
    } catch (error) {
      // The next process begins again, at once.
      if (stop.signal.aborted || !lock.isHeld()) return
      account = null
      const trouble = troubleAfter(before, error as Error, Date.now())
      await folder.setTrouble(name, trouble)
      const old = kept.get(name)
      const ends = old === undefined ? 'it has none yet' : `the old one ${old.validTo < Date.now() ? 'ended' : 'ends'} at ${when(old.validTo)}`
      log.warn({ err: error, name, failures: trouble.failures, nextTry: new Date(trouble.nextTry), ...(old !== undefined && { validTo: new Date(old.validTo) }) }, `No certificate for ${name}: ${trouble.error}; ${ends}; the next try is at ${when(trouble.nextTry)}`)
    }
    await read()
  }

  async function isAllowed (name: string): Promise<boolean> {
    try {
      return await timely(settings.allow?.(name) ?? false) === true
    } catch (error) {
      log.warn({ err: error, name }, `\`acme.allow\` failed for ${name}: ${(error as Error).message}`)
      return false
    }
  }
}

/** The value of a user's function; it is not waited for without end. */
async function timely <T> (value: T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => { reject(new Error(`there was no answer within ${ANSWER_TIME / 1000} seconds`)) }, ANSWER_TIME).unref()
  })
  return await Promise.race([value, late]).finally(() => { clearTimeout(timer) })
}

function when (time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`
}
