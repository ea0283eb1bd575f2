// Where do a listener's certificates come from, and when are they read again? They are loaded at start, watched, replaced when a file
// changes, and logged before they expire.

import type { SecureContextOptions } from 'node:tls'
import { listenerError } from '../errors.ts'
import type { ListenerPlan } from '../plan/plan.ts'
import type { KeyPair } from './authority.ts'
import { createCertificateStore, type CertificateStore } from './certificate-store.ts'
import { filesOf, loadCertificate, type Certificate } from './certificate.ts'
import type { DevelopmentCertificate } from './development.ts'
import { stampsOf, watchStamps } from './file-stamps.ts'

/** The part of a logger that is used. */
export interface Log {
  info (text: string): void
  warn (fields: object, text: string): void
}

/** The certificates that a CA issues. */
export interface Issued {
  /** The names that have one, or will. */
  readonly names: ReadonlySet<string>
  /** Those that there are; at least one. */
  pairs (): readonly KeyPair[]
}

/** The certificates of one listener, kept up to date. */
export interface CertificateSource {
  /** The listener's name. */
  readonly listener: string
  readonly store: CertificateStore
  /**
   * Reads all of them again and replaces them; open connections keep theirs.
   *
   * @throws an error that names the listener; the old certificates stay.
   */
  reload (): Promise<void>
  /** Logs a warning for each certificate that expires within 30 days. */
  checkExpiry (): void
  close (): void
}

const DAY = 86_400_000
const WARN_BEFORE = 30 * DAY

/**
 * Loads a listener's certificates and watches their files.
 *
 * @param development loads the development certificate; called only for a listener that uses it.
 * @param issued the certificates of ACME; null where no listener uses them.
 * @param watchInterval interval between two checks of the files, ms; 0 never checks.
 */
export async function openCertificates (plan: ListenerPlan, development: () => Promise<DevelopmentCertificate>, watchInterval: number, log: Log, issued: Issued | null = null): Promise<CertificateSource> {
  const { certificates, hosts, tls, ca } = plan.https as NonNullable<ListenerPlan['https']>
  const common = { minVersion: 'TLSv1.2', ...tls, ...(ca !== undefined && { ca: ca as string }) } as SecureContextOptions
  const files = [...new Set(certificates.flatMap(options => typeof options === 'string' ? [] : filesOf(options)))]
  let read = ''
  let begun = 0
  let swapped = 0
  const store = createCertificateStore(await load())
  const unwatch = watch()
  checkExpiry()
  return {
    listener: plan.name,
    store,
    reload: async () => { await renew() },
    checkExpiry,
    close: unwatch
  }

  async function load (): Promise<Certificate[]> {
    // Taken before the files are read: a change during the read counts as a change.
    read = await stampsOf(files)
    const loaded = (await Promise.all(certificates.map(async (options, index) => {
      try {
        if (options === 'acme') return await Promise.all((issued?.pairs() ?? []).map(async pair => ({ ...await loadCertificate(pair, common), source: options })))
        return options === 'development' ? [{ ...await loadCertificate(await development(), common), source: options }] : [await loadCertificate(options, common)]
      } catch (error) {
        throw listenerError('CERTIFICATE', plan, `${options === 'development' ? 'the development certificate' : options === 'acme' ? 'a certificate of ACME' : `certificate number ${index + 1}`} ${(error as Error).message}.`, error)
      }
    }))).flat()
    // Checked on every load: a host must not lose its certificate in a reload.
    const missing = createCertificateStore(loaded).missing(hosts.filter(host => !certificates.includes('acme') || issued?.names.has(host) !== true))
    if (missing.length > 0) throw listenerError('CERTIFICATE', plan, `no certificate is for ${missing.join(', ')}.`, undefined)
    return loaded
  }

  /** False where a load that began later has finished first: this one is older and is discarded. */
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
    for (const { label, validTo, source } of store.list()) {
      // ACME's are renewed; where that fails, its own line says when they end.
      if (source === 'acme') continue
      const left = validTo.getTime() - Date.now()
      if (left > WARN_BEFORE) continue
      const when = left < 0 ? 'ended' : `ends in ${Math.floor(left / DAY)} days,`
      log.warn({ listener: plan.name, certificate: label, validTo }, `The certificate ${label} of listener '${plan.name}' ${when} on ${validTo.toISOString().slice(0, 10)}`)
    }
  }
}
