// How do all listeners open, and how do they close? Certificates first, then every port or none; the last request ends before the last socket.

import type { Socket } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import { loadCertificate, type Certificate } from './certificate.ts'
import { createCertificateStore, type CertificateStore } from './certificates.ts'
import { developmentCertificate, type DevelopmentCertificate } from './development.ts'
import { openDoors, type Doors } from './door.ts'
import { createEngine, type Engine, type Road } from './engine.ts'
import { listenerError } from './errors.ts'
import type { ListenerAddress, ListenerPlan } from './listener.ts'
import { howToTrust } from './trust.ts'

/** Listeners that stand open. */
export interface OpenListeners {
  readonly addresses: readonly ListenerAddress[]
  readonly authorityFile: string | null
  /**
   * Stops accepting at once, ends what is idle, waits for the rest.
   *
   * @param patience how long, in milliseconds; then what is left is cut.
   */
  close (patience: number): Promise<void>
}

/** What is used of a logger. */
export interface Log {
  info (text: string): void
  warn (fields: object, text: string): void
}

interface Open {
  readonly doors: Doors
  readonly engine: Engine
}

const LOOK_AGAIN = 50

/**
 * Opens all listeners.
 *
 * @throws one error that names the listener; nothing stays open.
 */
export async function openListeners (plans: readonly ListenerPlan[], road: Road, development: { readonly folder: string, readonly hosts: readonly string[] }, log: Log): Promise<OpenListeners> {
  const made: { current: DevelopmentCertificate | null } = { current: null }
  const stores: (CertificateStore | null)[] = []
  for (const plan of plans) stores.push(await certificatesOf(plan))

  const sockets = new Set<Socket>()
  const open: Open[] = []
  try {
    for (const [index, plan] of plans.entries()) {
      const engine = createEngine(plan, stores[index] as CertificateStore | null, road)
      const doors = await openDoors(plan, socket => {
        sockets.add(socket)
        socket.once('close', () => sockets.delete(socket))
        engine.accept(socket)
      })
      open.push({ engine, doors })
    }
  } catch (error) {
    await closeAll(0)
    throw error
  }
  if (made.current?.newAuthority === true) log.info(howToTrust(made.current.authorityFile))

  let closed: Promise<void> | null = null
  return {
    addresses: open.flatMap(({ doors }) => doors.addresses),
    authorityFile: made.current?.authorityFile ?? null,
    close: patience => (closed ??= closeAll(patience))
  }

  async function certificatesOf (plan: ListenerPlan): Promise<CertificateStore | null> {
    if (plan.https === null) return null
    const loaded: Certificate[] = []
    for (const [index, options] of plan.https.certificates.entries()) {
      try {
        if (options === 'development') made.current ??= await developmentCertificate(development.folder, [...development.hosts, ...plan.https.hosts])
        loaded.push(await loadCertificate(options === 'development' ? made.current as DevelopmentCertificate : options))
      } catch (error) {
        throw listenerError('CERTIFICATE', plan, `certificate number ${index + 1} ${(error as Error).message}.`, error)
      }
    }
    const { tls, ca } = plan.https
    const store = createCertificateStore(loaded, { minVersion: 'TLSv1.2', ...tls, ...(ca !== undefined && { ca: ca as string }) } as SecureContextOptions)
    const missing = store.missing(plan.https.hosts)
    if (missing.length > 0) throw listenerError('CERTIFICATE', plan, `no certificate is for ${missing.join(', ')}.`, undefined)
    return store
  }

  async function closeAll (patience: number): Promise<void> {
    for (const { doors } of open) doors.close()
    const deadline = Date.now() + patience
    // A connection becomes idle when its last answer is out, and nothing tells of it: so look again until all are gone.
    for (;;) {
      for (const { engine } of open) engine.closeIdle()
      if (sockets.size === 0 || Date.now() >= deadline) break
      await new Promise(resolve => setTimeout(resolve, LOOK_AGAIN))
    }
    for (const socket of sockets) socket.destroy()
    for (const { engine } of open) engine.close()
  }
}
