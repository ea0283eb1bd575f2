// How do all listeners open and close? Certificates are loaded before the first port opens; all ports open or none. Closing waits for the last request.

import type { Socket } from 'node:net'
import type { AcmeName, ListenerAddress, ServedCertificate } from '@fastify-arr/facts'
import type { Acme } from '../acme/acme.ts'
import type { AcmeSettings } from '../acme/settings.ts'
import { openCertificates, type CertificateSource, type Log } from '../certificates/certificate-source.ts'
import { developmentCertificate, type DevelopmentCertificate } from '../certificates/development.ts'
import { howToTrustInShort } from '../certificates/how-to-trust.ts'
import { listenerError } from '../errors.ts'
import type { ListenerPlan } from '../plan/plan.ts'
import { answerChallenges } from '../protocols/challenge-answers.ts'
import type { Destination } from '../protocols/destination.ts'
import { createEngine, type Engine } from '../protocols/engine.ts'
import { takeProxyHeader, type ProxyHeader } from '../protocols/proxy-protocol.ts'
import { Roster } from '../protocols/roster.ts'
import { createConnectionLimits } from './connection-limits.ts'
import { openPorts, type OpenPorts } from './ports.ts'

/** The listeners once they are open. */
export interface OpenListeners {
  readonly addresses: readonly ListenerAddress[]
  readonly authorityFile: string | null
  readonly certificates: readonly ServedCertificate[]
  /** The names of ACME; none where it is not used. */
  readonly acme: readonly AcmeName[]
  /** The answer to an HTTP-01 challenge; null where the URL is no open challenge's. */
  answer (url: string | undefined): Promise<string | null> | null
  /** Reads all certificates again. */
  reload (): Promise<void>
  /**
   * Stops accepting at once, closes idle connections, waits for the rest.
   *
   * @param patience how long it waits, in milliseconds, before it cuts the connections that are left.
   */
  close (patience: number): Promise<void>
}

/** Where certificates are kept and how often they are checked; the same for all listeners. */
export interface CertificateSettings {
  /** The folder of the development certificate. */
  readonly folder: string
  /** The hosts of the development certificate. */
  readonly hosts: readonly string[]
  /** Interval between two checks of the certificate files, ms; 0 never checks. */
  readonly watchInterval: number
  /** Null where no listener has certificates of ACME. */
  readonly acme: AcmeSettings | null
  /** The names of the sites, for ACME where it has no list. */
  readonly siteHosts: readonly string[]
}

interface OpenListener {
  readonly ports: OpenPorts
  readonly engine: Engine
}

const DAY = 86_400_000
/** Interval between two checks whether all connections are gone, ms. */
const CHECK_INTERVAL = 50
/** Interval between two rounds of ACME where certificate files are never checked, ms. */
const ROUND_INTERVAL = 60_000

/**
 * Opens all listeners.
 *
 * @throws one error that names the listener; nothing stays open.
 */
export async function openListeners (plans: readonly ListenerPlan[], destination: Destination, { folder, hosts, watchInterval, acme: settings, siteHosts }: CertificateSettings, log: Log): Promise<OpenListeners> {
  // One development certificate for all listeners, read or created once per load.
  // Beside other certificates it is for its own hosts only: a host that must have a certificate must not get this one instead.
  const developmentHosts = [...hosts, ...plans.flatMap(({ https }) => https?.certificates.every(one => one === 'development') === true ? https.hosts : [])]
  let made: Promise<DevelopmentCertificate> | null = null
  const development = (): Promise<DevelopmentCertificate> => (made ??= developmentCertificate(folder, developmentHosts))

  const sockets = new Roster<Socket>()
  // Connections whose PROXY header has not arrived.
  const unidentified = new Roster<Socket>()
  const open: OpenListener[] = []
  const sources: CertificateSource[] = []
  let daily: NodeJS.Timeout | undefined
  let authorityFile: string | null = null
  let acme: Acme | null = null
  try {
    const ordering = plans.filter(({ https }) => https?.certificates.includes('acme'))
    if (settings !== null && ordering.length > 0) {
      try {
        // Loaded only where it is used, with what it needs for certificates.
        const { openAcme } = await import('../acme/acme.ts')
        acme = await openAcme(settings, [...ordering.flatMap(({ https }) => https?.hosts ?? []), ...siteHosts], log)
      } catch (error) {
        throw listenerError('CERTIFICATE', ordering[0] as ListenerPlan, `the certificates of ACME cannot be kept in ${settings.folder}: ${(error as Error).message}.`, error)
      }
    }
    // Every certificate is loaded before the first port opens: most mistakes are in certificates.
    const bySource = new Map<ListenerPlan, CertificateSource>()
    for (const plan of plans) {
      if (plan.https === null) continue
      const source = await openCertificates(plan, development, watchInterval, log, acme)
      sources.push(source)
      bySource.set(plan, source)
    }
    for (const plan of plans) open.push(await openListener(plan, bySource.get(plan)))
    acme?.start(watchInterval || ROUND_INTERVAL, async () => { await reload().catch(keepOld) })
    const used = await (made as Promise<DevelopmentCertificate> | null)
    authorityFile = used?.authorityFile ?? null
    if (used?.newAuthority === true) log.info(howToTrustInShort(used.authorityFile))
    if (sources.length > 0) daily = setInterval(() => { reload().catch(keepOld) }, DAY).unref()
  } catch (error) {
    await closeAll(0)
    throw error
  }

  let closed: Promise<void> | null = null
  return {
    addresses: open.flatMap(({ ports }) => ports.addresses),
    authorityFile,
    get certificates () { return sources.flatMap(({ listener, store }) => store.list().map(({ names, validTo, source }) => ({ listener, names, validTo, source }))) },
    get acme () { return acme?.states() ?? [] },
    answer: url => acme?.answer(url) ?? null,
    reload,
    close: patience => (closed ??= closeAll(patience))
  }

  async function openListener (plan: ListenerPlan, source: CertificateSource | undefined): Promise<OpenListener> {
    const answering = acme !== null && plan.https === null ? answerChallenges(destination, acme) : destination
    const engine = createEngine(plan, source?.store ?? null, answering, plan.https?.certificates.includes('acme') === true ? acme : null)
    const connectionLimits = createConnectionLimits(plan, destination.server)
    const enter = (socket: Socket, client: ProxyHeader['client'], deadline: number): void => {
      if (connectionLimits.admitClient(socket, client?.address ?? socket.remoteAddress)) engine.accept(socket, client, deadline)
    }
    const accept = (socket: Socket): void => {
      const place = sockets.add(socket)
      socket.once('close', () => sockets.strike(place))
      // Every socket error is followed by 'close'; without an error listener it would end the process.
      socket.on('error', () => {})
      // Counted before its PROXY header arrives: a connection without one takes up room as well.
      if (!connectionLimits.admit(socket)) return
      if (plan.proxyProtocol?.(socket.remoteAddress) !== true) return enter(socket, null, 0)
      const waiting = unidentified.add(socket)
      socket.once('close', () => unidentified.strike(waiting))
      takeProxyHeader(socket, plan.limits.handshakeTimeout, (client, deadline) => {
        unidentified.strike(waiting)
        enter(socket, client, deadline)
      })
    }
    try {
      return { engine, ports: await openPorts(plan, accept) }
    } catch (error) {
      engine.close()
      throw error
    }
  }

  function keepOld (error: Error): void {
    log.warn({ err: error }, `${error.message} The old certificates stay.`)
  }

  // The daily call renews the development certificate when it nears its end.
  async function reload (): Promise<void> {
    made = null
    // A listener whose certificates cannot be read keeps its old ones; the others still reload.
    const results = await Promise.allSettled(sources.map(source => source.reload()))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  async function closeAll (patience: number): Promise<void> {
    clearInterval(daily)
    // Its tries end at once, and the lock is another's.
    const ended = acme?.close()
    for (const source of sources) source.close()
    for (const { ports } of open) ports.close()
    const deadline = Date.now() + patience
    // No event reports that a connection has become idle (its last response is sent), so the check is repeated until all are gone.
    for (;;) {
      for (const socket of unidentified.members()) socket.destroy()
      for (const { engine } of open) engine.closeIdle()
      if (sockets.size === 0 || Date.now() >= deadline) break
      await new Promise(resolve => setTimeout(resolve, CHECK_INTERVAL))
    }
    for (const socket of sockets.members()) socket.destroy()
    for (const { engine } of open) engine.close()
    await ended
  }
}
