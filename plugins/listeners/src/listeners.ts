// How do all listeners open, and how do they close? Certificates first, then every port or none; the last request ends before the last socket.

import type { Socket } from 'node:net'
import { openCertificates, type CertificateSource } from './certificate-source.ts'
import { developmentCertificate, type DevelopmentCertificate } from './development.ts'
import { openDoors, type Doors } from './door.ts'
import { createEngine, type Engine } from './engine.ts'
import { createGate } from './gate.ts'
import type { ListenerAddress, ListenerPlan } from './listener.ts'
import { takeProxyHeader, type ProxyHeader } from './proxy-protocol.ts'
import type { Road } from './road.ts'
import { Roster } from './roster.ts'
import { howToTrust } from './trust.ts'

/** Listeners that stand open. */
export interface OpenListeners {
  readonly addresses: readonly ListenerAddress[]
  readonly authorityFile: string | null
  /** Reads all certificates again. */
  reload (): Promise<void>
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

/** What opening needs to know beside the plans. */
export interface Surroundings {
  /** Where development certificates are kept. */
  readonly folder: string
  /** What they are for. */
  readonly hosts: readonly string[]
  /** ms between two looks at certificate files; 0 never looks. */
  readonly watchInterval: number
}

interface Open {
  readonly doors: Doors
  readonly engine: Engine
}

const DAY = 86_400_000
const LOOK_AGAIN = 50

/**
 * Opens all listeners.
 *
 * @throws one error that names the listener; nothing stays open.
 */
export async function openListeners (plans: readonly ListenerPlan[], road: Road, { folder, hosts, watchInterval }: Surroundings, log: Log): Promise<OpenListeners> {
  // One certificate for all that ask for it, made once per round of loading.
  const developmentHosts = [...hosts, ...plans.flatMap(plan => plan.https?.hosts ?? [])]
  let made: Promise<DevelopmentCertificate> | null = null
  const development = (): Promise<DevelopmentCertificate> => (made ??= developmentCertificate(folder, developmentHosts))

  const sockets = new Roster<Socket>()
  // Those that have not told yet whose they are.
  const owing = new Roster<Socket>()
  const open: Open[] = []
  const sources: CertificateSource[] = []
  let daily: NodeJS.Timeout | undefined
  let authorityFile: string | null = null
  try {
    // Every certificate before the first port: most mistakes are found here.
    const bySource = new Map<ListenerPlan, CertificateSource>()
    for (const plan of plans) {
      if (plan.https === null) continue
      const source = await openCertificates(plan, development, watchInterval, log)
      sources.push(source)
      bySource.set(plan, source)
    }
    for (const plan of plans) open.push(await openListener(plan, bySource.get(plan)))
    const used = await (made as Promise<DevelopmentCertificate> | null)
    authorityFile = used?.authorityFile ?? null
    if (used?.newAuthority === true) log.info(howToTrust(used.authorityFile))
    if (sources.length > 0) daily = setInterval(() => { reload().catch(error => log.warn({ err: error }, `${(error as Error).message} The old certificates stay.`)) }, DAY).unref()
  } catch (error) {
    await closeAll(0)
    throw error
  }

  let closed: Promise<void> | null = null
  return {
    addresses: open.flatMap(({ doors }) => doors.addresses),
    authorityFile,
    reload,
    close: patience => (closed ??= closeAll(patience))
  }

  async function openListener (plan: ListenerPlan, source: CertificateSource | undefined): Promise<Open> {
    const engine = createEngine(plan, source?.store ?? null, road)
    const gate = createGate(plan, road.server)
    const enter = (socket: Socket, client: ProxyHeader['client'], deadline: number): void => {
      if (gate.admitClient(socket, client?.address ?? socket.remoteAddress)) engine.accept(socket, client, deadline)
    }
    const accept = (socket: Socket): void => {
      const place = sockets.add(socket)
      socket.once('close', () => sockets.strike(place))
      // An error on a socket always ends in its 'close'; without a listener it would end the process.
      socket.on('error', () => {})
      // Before its PROXY header: until that is there, it takes its place like any other.
      if (!gate.admit(socket)) return
      if (plan.proxyProtocol?.(socket.remoteAddress) !== true) return enter(socket, null, 0)
      const debt = owing.add(socket)
      socket.once('close', () => owing.strike(debt))
      takeProxyHeader(socket, plan.limits.handshakeTimeout, (client, deadline) => {
        owing.strike(debt)
        enter(socket, client, deadline)
      })
    }
    try {
      return { engine, doors: await openDoors(plan, accept) }
    } catch (error) {
      engine.close()
      throw error
    }
  }

  // The development certificate is made anew here when its time has come.
  async function reload (): Promise<void> {
    made = null
    // One that cannot be read keeps its own listener's certificates only.
    const results = await Promise.allSettled(sources.map(source => source.reload()))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  async function closeAll (patience: number): Promise<void> {
    clearInterval(daily)
    for (const source of sources) source.close()
    for (const { doors } of open) doors.close()
    const deadline = Date.now() + patience
    // A connection becomes idle when its last answer is out, and nothing tells of it: so look again until all are gone.
    for (;;) {
      for (const socket of owing.members()) socket.destroy()
      for (const { engine } of open) engine.closeIdle()
      if (sockets.size === 0 || Date.now() >= deadline) break
      await new Promise(resolve => setTimeout(resolve, LOOK_AGAIN))
    }
    for (const socket of sockets.members()) socket.destroy()
    for (const { engine } of open) engine.close()
  }
}
