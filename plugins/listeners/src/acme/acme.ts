// What do listeners have of ACME? The certificates of the folder, answers to challenges, and certificates that a handshake waits for.

import type { AcmeName } from '@fastify-arr/facts'
import type { SecureContext } from 'node:tls'
import { setTimeout as pause } from 'node:timers/promises'
import type { KeyPair } from '../certificates/authority.ts'
import type { Log } from '../certificates/certificate-source.ts'
import { openFolder } from './folder.ts'
import { openKeeper } from './keeper.ts'
import { plainName, whyNot } from './names.ts'
import { makeStopgap } from './request.ts'
import type { AcmeSettings } from './settings.ts'
import { proofFor, tokenIn } from './stand.ts'

/** The certificates of a CA, for the listeners of one server. */
export interface Acme {
  /** The names that have a certificate, or will. */
  readonly names: ReadonlySet<string>
  /** The certificates at the moment; one that nobody trusts where there are none yet. */
  pairs (): readonly KeyPair[]
  states (): readonly AcmeName[]
  /** @param changed is called, and waited for, where the certificates have changed. */
  start (interval: number, changed: () => Promise<void>): void
  /** Null where the handshake goes on at once; else it waits for the promise, which never rejects. */
  demand (servername: string): Promise<void> | null
  /** The answer to HTTP-01; null where the URL is no open challenge's. */
  answer (url: string | undefined): Promise<string | null> | null
  /** The certificate that answers TLS-ALPN-01. */
  proof (servername: string): SecureContext | null
  close (): Promise<void>
}

const HOUR = 3_600_000
/** Interval between two looks at whether another process has ordered the name, ms. */
const LOOK = 250
/** How long a name is not asked about again, ms, and for how many names that is remembered. */
const DENIED_FOR = 60_000
const MOST_DENIED = 1000

/**
 * @param hosts the names where the options have no list; those that no CA issues for are left out.
 * @throws an Error whose message completes a sentence that begins with the certificates of ACME.
 */
export async function openAcme (settings: AcmeSettings, hosts: readonly string[], log: Log): Promise<Acme> {
  const names = new Set(settings.names ?? hosts.map(plainName).filter(name => whyNot(name) === null))
  if (names.size === 0 && settings.allow === null) log.warn({ hosts }, 'No certificate is ordered: no host of the listeners and sites is a public name')
  const folder = await openFolder(settings.folder, settings.directory)
  const keeper = await openKeeper(settings, names, folder, log)
  const stopgap = await makeStopgap()
  const pending = new Map<string, Promise<void>>()
  const denied = new Map<string, number>()
  /** Names that were ordered in the last hour, and when. */
  const begun = new Map<string, number>()
  /** How many orders go on for a name: one whose handshake has given up ends with its round. */
  const orders = new Map<string, number>()

  return {
    names,
    pairs () {
      const pairs = keeper.pairs()
      return pairs.length === 0 ? [stopgap] : pairs
    },
    states: () => keeper.states(),
    start: (interval, changed) => { keeper.start(interval, changed) },
    demand (servername) {
      const name = plainName(servername)
      if (settings.allow === null || names.has(name) || whyNot(name) !== null || keeper.has(name)) return null
      const waiting = pending.get(name)
      if (waiting !== undefined) return waiting
      const now = Date.now()
      for (const [one, at] of begun) if (now - at >= HOUR) begun.delete(one)
      const isTooMany = !begun.has(name) && begun.size >= settings.onDemand.perHour
      if (pending.size >= settings.onDemand.concurrent || isTooMany || (denied.get(name) ?? 0) > now || !keeper.isRested(name)) return null
      const ordered = orderNow(name).catch(error => log.warn({ err: error, name }, `No certificate for ${name}: ${(error as Error).message}`)).finally(() => { pending.delete(name) })
      pending.set(name, ordered)
      return ordered
    },
    answer (url) {
      const token = tokenIn(url)
      return token === null ? null : folder.answer(token)
    },
    proof: servername => proofFor(folder, servername),
    close: async () => { await keeper.close() }
  }

  async function orderNow (name: string): Promise<void> {
    const over = new AbortController()
    try {
      await Promise.race([order(name, over.signal), pause(settings.onDemand.wait, undefined, { ref: false, signal: over.signal }).catch(() => {})])
    } finally {
      over.abort()
    }
  }

  async function order (name: string, over: AbortSignal): Promise<void> {
    if (!await keeper.isAllowed(name)) {
      if (denied.size >= MOST_DENIED) denied.clear()
      denied.set(name, Date.now() + DENIED_FOR)
      return
    }
    begun.set(name, begun.get(name) ?? Date.now())
    orders.set(name, (orders.get(name) ?? 0) + 1)
    keeper.wanted.add(name)
    try {
      while (!over.aborted && !keeper.has(name) && keeper.isRested(name)) {
        await keeper.round()
        if (!keeper.has(name) && keeper.isRested(name)) await pause(LOOK, undefined, { ref: false })
      }
    } finally {
      const left = (orders.get(name) ?? 1) - 1
      if (left > 0) {
        orders.set(name, left)
      } else {
        orders.delete(name)
        keeper.wanted.delete(name)
      }
    }
  }
}
