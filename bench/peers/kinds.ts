// What is a peer, what is it started for, and when does it listen?
import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { accepting, freePort, type Running, treeOf } from '../machine/processes.ts'
import type { Workshop } from '../machine/workshop.ts'
import type { Wiring } from './configurations.ts'

/** `floor`: no proxy at all; `server`: nginx and its like; `node`: proxies from npm; `ours`: fastify-arr. */
export type Kind = 'floor' | 'server' | 'node' | 'ours'

/** A proxy that listens. */
export interface Proxy {
  readonly port: number
  readonly workers: number
  /** How many cores it has. */
  readonly cores: number
  /** Its processes at this moment: some start their workers late. None where there is no proxy. */
  readonly pids: () => readonly number[]
  readonly running: Running | null
  /** Anything worth a note in the results. */
  readonly note: string
}

/** What a proxy is started for. */
export interface Order {
  readonly tls: boolean
  /** Workers or threads, each with a core. */
  readonly workers: number
  /** In how many processes it is to have its files open; where that is more than `workers`, they share the cores. */
  readonly processes: number
  /** How many connections may wait to be accepted. */
  readonly backlog: number
  /** How many WebSockets it is to hold at least. */
  readonly count: number
}

export interface Peer {
  readonly key: string
  readonly name: string
  readonly kind: Kind
  readonly version: string
  /** Why it cannot run here, or null. */
  readonly absent: string | null
  /** What it can do; compared with what a workload needs. */
  readonly speaks: ReadonlySet<Skill | 'farm' | 'processes'>
  readonly start: (workshop: Workshop, order: Order) => Promise<Proxy>
}

/** `page`: the 1 KiB; `many`: thousands of WebSockets; `workers`: more than one worker or thread. What `speaks` has besides: `processes`, each worker is a process with open files of its own. */
export type Skill = 'http' | 'page' | 'websocket' | 'many' | 'tls' | 'workers'

/** The loopback addresses that the backend listens on. */
const FARM = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4']

/** More connections than this to one address of the upstream, and the proxy runs out of ports: it has some 28,000. */
const ONE_ADDRESS = 20_000

/** A folder, a free port and the backend's addresses for a proxy. */
export async function wire (workshop: Workshop, key: string, { tls, workers, processes, backlog, count }: Order, isFarm = false): Promise<Wiring> {
  const folder = mkdtempSync(join(workshop.folder, `${key}-`))
  for (const name of ['body', 'proxy']) mkdirSync(join(folder, name))
  const { key: privateKey = '', certificate = '', both = '' } = workshop.certificates ?? {}
  return {
    port: await freePort(),
    upstream: workshop.backend?.port ?? 0,
    addresses: isFarm || count > ONE_ADDRESS ? FARM : FARM.slice(0, 1),
    tls,
    workers: Math.max(workers, processes),
    cores: workers,
    isSpread: processes > 1,
    backlog,
    count,
    folder,
    key: privateKey,
    certificate,
    both
  }
}

/** The proxy, when its port accepts connections. */
export async function listening (wiring: Wiring, running: Running): Promise<Proxy> {
  await accepting(wiring.port, running)
  return { port: wiring.port, workers: wiring.workers, cores: wiring.cores, pids: () => treeOf(running.pid), running, note: '' }
}

/** The same for a Node program, each of whose workers writes a line when it listens; the note is the first line. */
export async function listeningAll (wiring: Wiring, running: Running): Promise<Proxy> {
  let said = ''
  const { stdout } = running.process
  stdout?.setEncoding('utf8')
  const all = new Promise<void>(resolve => {
    stdout?.on('data', (text: string) => {
      said += text
      if (said.split('\n').length > wiring.workers) resolve()
    })
    stdout?.once('close', resolve)
  })
  const proxy = await listening(wiring, running)
  await all
  return { ...proxy, note: said.split('\n')[0]?.trim() ?? '' }
}
