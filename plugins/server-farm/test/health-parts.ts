// Servers that are probed, and their health, for the tests of health.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'
import type { FarmFailure, FarmProbe } from '@fastify-arr/facts'
import { compileHealth } from '../src/health/compile-health.ts'
import { Ejections, ServerHealth } from '../src/health/server-health.ts'
import type { HealthTarget } from '../src/health/health-settings.ts'
import type { FarmOptions } from '../src/options.ts'

/** A server on a free port, which ends with the test whatever its connections are at. */
export async function listening<T extends Server> (t: Test, server: T): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

export async function httpServer (t: Test, listener: RequestListener): Promise<number> {
  return await listening(t, createServer(listener))
}

/** A server that speaks bytes. */
export async function tcpServer (t: Test, speak: (socket: Socket) => void): Promise<number> {
  return await listening(t, createTcpServer(speak))
}

/** A port at which nobody listens. */
export async function closedPort (): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export interface Watched {
  readonly health: ServerHealth
  readonly ejections: Ejections
  /** What was told of its health, in order. */
  readonly changes: Array<{ readonly healthy: boolean, readonly why: string | null }>
  readonly probes: FarmProbe[]
  /** Resolves after so many probes in all. */
  probed (count: number): Promise<FarmProbe>
  /** Resolves after so many changes in all. */
  changed (count: number): Promise<void>
}

type Options = Pick<FarmOptions, 'health' | 'liveTraffic'>

/** The health of a server, not yet started. */
export function watched (t: Test, options: Options, target: Partial<HealthTarget> & { port?: number } = {}, { size = 2, ejections }: { size?: number, ejections?: Ejections } = {}): Watched {
  const mistakes: string[] = []
  const settings = compileHealth(options, 'farms[0]', mistakes)
  t.same(mistakes, [])
  const { port = 1, ...others } = target
  const changes: Watched['changes'] = []
  const probes: FarmProbe[] = []
  let told = (): void => {}
  const until = async (enough: () => boolean): Promise<void> => {
    while (!enough()) await new Promise<void>(resolve => { told = resolve })
  }
  const share = ejections ?? new Ejections(settings, () => size)
  const health = new ServerHealth(settings, { address: '127.0.0.1', httpPort: port, httpsPort: port, farm: 'chat', ...others }, share, (healthy, why) => {
    changes.push({ healthy, why })
    told()
  }, probe => {
    probes.push(probe)
    told()
  })
  // Timers of health keep no process alive; a server that listens does.
  const alive = setInterval(() => {}, 1000)
  t.teardown(() => {
    clearInterval(alive)
    health.stop()
  })
  return {
    health,
    ejections: share,
    changes,
    probes,
    async probed (count) {
      await until(() => probes.length >= count)
      return probes[count - 1] as FarmProbe
    },
    async changed (count) {
      await until(() => changes.length >= count)
    }
  }
}

/** The first probe of a server. */
export async function firstProbe (t: Test, health: FarmOptions['health'], target: Partial<HealthTarget> & { port?: number }): Promise<FarmProbe> {
  const one = watched(t, { health }, target)
  const { random } = Math
  // At once.
  Math.random = () => 0
  one.health.start()
  Math.random = random
  return await one.probed(1)
}

export const REFUSED: FarmFailure = { code: 'FST_ARR_UPSTREAM_REFUSED', moment: 'connect', status: null }
export const RESET: FarmFailure = { code: 'FST_ARR_UPSTREAM_RESET', moment: 'headers', status: null }

/** Probes at the default interval follow each other at once, and their time-out, which is as long, holds: nothing depends on the machine's speed. */
export function hurried (t: Test): void {
  const { setTimeout } = globalThis
  globalThis.setTimeout = ((ring: () => void, ms: number) => setTimeout(ring, ms < 30_000 || (ms > 30_000 && ms <= 36_000) ? 1 : ms)) as never
  t.teardown(() => { globalThis.setTimeout = setTimeout })
}
