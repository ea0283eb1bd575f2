// Where do a listener's certificates come from, and when are they read again? Loaded at start, watched, swapped; the owner warned in time.

import type { SecureContextOptions } from 'node:tls'
import { filesOf, loadCertificate, type Certificate } from './certificate.ts'
import { createCertificateStore, type CertificateStore } from './certificates.ts'
import type { DevelopmentCertificate } from './development.ts'
import { listenerError } from './errors.ts'
import { stampsOf, watchStamps } from './file-stamps.ts'
import type { ListenerPlan } from './listener.ts'
import type { Log } from './listeners.ts'

/** The certificates of one listener, and what keeps them up to date. */
export interface CertificateSource {
  readonly store: CertificateStore
  /**
   * Reads all of them again and swaps them in; connections that stand keep what they have.
   *
   * @throws an error that names the listener; then the old ones stay.
   */
  reload (): Promise<void>
  /** Warns of each certificate that ends within 30 days. */
  checkExpiry (): void
  close (): void
}

const DAY = 86_400_000
const WARN_BEFORE = 30 * DAY

/**
 * Loads a listener's certificates, and watches their files.
 *
 * @param development gives the development certificate, for a listener that asks for it.
 * @param watchInterval ms between two looks at the files; 0 never looks.
 */
export async function openCertificates (plan: ListenerPlan, development: () => Promise<DevelopmentCertificate>, watchInterval: number, log: Log): Promise<CertificateSource> {
  const { certificates, hosts, tls, ca } = plan.https as NonNullable<ListenerPlan['https']>
  const common = { minVersion: 'TLSv1.2', ...tls, ...(ca !== undefined && { ca: ca as string }) } as SecureContextOptions
  const files = [...new Set(certificates.flatMap(options => options === 'development' ? [] : filesOf(options)))]
  let read = ''
  let begun = 0
  let swapped = 0
  const store = createCertificateStore(await load())
  const unwatch = watch()
  checkExpiry()
  return {
    store,
    reload: async () => { await renew() },
    checkExpiry,
    close: unwatch
  }

  async function load (): Promise<Certificate[]> {
    // Before the files are read: what changes meanwhile has changed since.
    read = await stampsOf(files)
    const loaded = await Promise.all(certificates.map(async (options, index) => {
      try {
        return await loadCertificate(options === 'development' ? await development() : options, common)
      } catch (error) {
        throw listenerError('CERTIFICATE', plan, `${options === 'development' ? 'the development certificate' : `certificate number ${index + 1}`} ${(error as Error).message}.`, error)
      }
    }))
    // Those that come later as well: a host that had one is not to lose it.
    const missing = createCertificateStore(loaded).missing(hosts)
    if (missing.length > 0) throw listenerError('CERTIFICATE', plan, `no certificate is for ${missing.join(', ')}.`, undefined)
    return loaded
  }

  /** False where a later reading was done first: what this one has found is older. */
  async function renew (): Promise<boolean> {
    const turn = ++begun
    const loaded = await load()
    if (turn < swapped) return false
    swapped = turn
    store.swap(loaded)
    checkExpiry()
    return true
  }

  function watch (): () => void {
    if (watchInterval === 0 || files.length === 0) return () => {}
    return watchStamps(files, watchInterval, () => read, () => {
      renew().then(isNew => {
        if (isNew) log.info(`Listener '${plan.name}' has new certificates`)
      }).catch(error => log.warn({ err: error }, `${(error as Error).message} The old certificates stay.`))
    })
  }

  function checkExpiry (): void {
    for (const { label, validTo } of store.list()) {
      const left = validTo.getTime() - Date.now()
      if (left > WARN_BEFORE) continue
      const when = left < 0 ? 'ended' : `ends in ${Math.floor(left / DAY)} days,`
      log.warn({ listener: plan.name, certificate: label, validTo }, `The certificate ${label} of listener '${plan.name}' ${when} on ${validTo.toISOString().slice(0, 10)}`)
    }
  }
}
