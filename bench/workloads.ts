// Which work does each peer get, and what is measured?
import { setTimeout as sleep } from 'node:timers/promises'
import { begin, postScript, run } from './generator.ts'
import type { Peer, Proxy } from './peers.ts'
import { memoryOf } from './processes.ts'
import { Stopwatch } from './stopwatch.ts'
import type { Workshop } from './workshop.ts'

/** The figures of one sample, by name. */
export type Sample = Readonly<Record<string, number>>

/** One column of figures: a table in the results. */
export interface Figure {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly digits: number
}

export interface Workload {
  readonly key: string
  readonly figures: readonly Figure[]
  /** What a peer must be able to do. */
  readonly needs: readonly ('http' | 'page' | 'websocket' | 'many' | 'tls')[]
  /** A fresh process for each sample, without warm-up: for memory. */
  readonly fresh: boolean
  /** How many times as many samples as other workloads have. */
  readonly repeats: number
  /** Work, in the figures' unit, after which a Node process has reached its steady speed. */
  readonly enough: number
  readonly measure: Measure
  /** The load of the warm-up, where it differs from the one that is measured. */
  readonly warmUp?: Measure
}

type Measure = (proxy: Proxy, workshop: Workshop, seconds: number) => Promise<Sample>

/** How long the load runs before each sample, s. */
export const RUN_UP = 1

/** The host of the article's site. */
const HOST = 'reverseproxy.com'

export const WORKLOADS: readonly Workload[] = [
  http('get1k', 'GET 1 KiB', '/1k', 64, 'page'),
  http('get64k', 'GET 64 KiB', '/64k', 64, 'http'),
  http('post16k', 'POST 16 KiB', '/sink', 64, 'http'),
  http('get1k-tls', 'GET 1 KiB over https', '/1k', 64, 'page', 'tls'),
  http('latency1', 'GET 1 KiB', '/1k', 1, 'page'),
  webSocket('echo', 'WebSocket echo of 125 B, 64 connections', 'round trip', ['echo', '--connections', '64'], 1, 40_000),
  webSocket('bulk64k', 'WebSocket bulk, 64 KiB messages', 'MB', ['bulk', '--connections', '4', '--size', '65536'], 1e6, 300),
  webSocket('bulk1m', 'WebSocket bulk, 1 MiB messages', 'MB', ['bulk', '--connections', '4', '--size', '1048576'], 1e6, 300),
  webSocket('handshake', 'WebSocket handshake: connect, upgrade, 101, end', 'handshake', ['handshake', '--connections', '16'], 1, 30_000),
  webSocket('echo-tls', 'WebSocket echo of 125 B over wss, 64 connections', 'round trip', ['echo', '--connections', '64'], 1, 40_000, true),
  webSocket('bulk64k-tls', 'WebSocket bulk over wss, 64 KiB messages', 'MB', ['bulk', '--connections', '4', '--size', '65536'], 1e6, 200, true),
  {
    key: 'idle',
    figures: [{ name: 'memory', title: 'Memory for each idle tunnel, 5,000 open', unit: 'KiB', digits: 1 }],
    needs: ['websocket', 'many'],
    fresh: true,
    repeats: 1,
    enough: 0,
    measure: measureIdle
  },
  {
    key: 'slow',
    figures: [{ name: 'memory', title: 'Growth under a client that does not read, 500 MB streamed at it', unit: 'MiB', digits: 1 }],
    needs: ['websocket'],
    fresh: true,
    repeats: 1,
    enough: 0,
    measure: measureSlow
  }
]

/** Whether a peer can do a workload. A proxy that only serves from memory can't forward. */
export function suits (peer: Peer, workload: Workload): boolean {
  return workload.needs.every(need => peer.speaks.has(need)) && !(peer.key === 'direct' && (workload.fresh || workload.needs.includes('tls')))
}

/** Why no peer can do a workload here, or null. */
export function missingFor (workload: Workload, workshop: Workshop): string | null {
  if (workshop.backend === null) return 'no backend could be built'
  if (workload.needs.includes('tls') && (workshop.certificates === null || (workload.needs.includes('websocket') && !workshop.loadSpeaksTls))) return 'no OpenSSL'
  if (workload.needs.includes('websocket')) return workshop.webSocketLoad === null ? 'no WebSocket load could be built' : null
  return workshop.httpLoad === null ? 'wrk is not installed' : null
}

function http (key: string, title: string, path: string, connections: number, need: 'page' | 'http', ...more: 'tls'[]): Workload {
  const cpu = { name: 'cpu', title: `${title}, CPU of the proxy per request`, unit: 'µs', digits: 1 }
  const latency = ['p50', 'p99'].map(name => ({ name, title: `${title}, ${name} latency, ${connections === 1 ? '1 connection' : `${connections} connections`}`, unit: 'ms', digits: 3 }))
  const figures = key === 'get1k' ? [cpu, ...latency] : connections === 1 ? latency : [cpu]
  return {
    key,
    figures,
    needs: [need, ...more],
    fresh: false,
    // The p99 varies more from sample to sample than from peer to peer.
    repeats: figures.length > 1 ? 3 : 1,
    enough: path === '/1k' ? 150_000 : 60_000,
    measure: httpMeasure(path, connections, more.includes('tls')),
    // One request at a time, the warm-up would take minutes, and V8 would still compile while the p99 is measured.
    ...connections === 1 ? { warmUp: httpMeasure(path, 64, more.includes('tls')) } : {}
  }
}

function httpMeasure (path: string, connections: number, tls: boolean): Measure {
  return async (proxy, workshop, seconds) => {
    const script = path === '/sink' ? ['-s', postScript(workshop)] : []
    const load = (seconds: number) => run(workshop.httpLoad ?? 'wrk', [
      '-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-H', `Host: ${HOST}`, ...script,
      `${tls ? 'https' : 'http'}://127.0.0.1:${proxy.port}${path}`
    ])
    // V8 has shrunk the heap of the process while other peers were measured: its growing again is not to be measured.
    await load(RUN_UP)
    // One request at a time: each piece of the probe would delay one, and be the p99.
    if (connections === 1) workshop.probe?.pause()
    const watch = new Stopwatch(proxy.pids(), workshop.probe)
    const text = await load(seconds).finally(() => workshop.probe?.resume())
    const stopped = watch.stop()
    const [, count, took, unit] = /(\d+) requests in ([\d.]+)(m?s)/.exec(text) ?? []
    const requests = Number(count)
    const wrong = /Non-2xx.*|Socket errors: connect [1-9].*|timeout [1-9].*/.exec(text)?.[0]
    if (!(requests > 0)) throw new Error('no request was answered')
    if (wrong !== undefined) throw new Error(wrong)
    const rate = requests / Number(took) * (unit === 'ms' ? 1000 : 1)
    return { ...stopped.per(requests), rate, p50: percentile(text, 50), p99: percentile(text, 99) }
  }
}

function webSocket (key: string, title: string, per: string, args: readonly string[], unit: number, enough: number, tls = false): Workload {
  return {
    key,
    figures: [{ name: 'cpu', title: `${title}, CPU of the proxy per ${per}`, unit: 'µs', digits: 1 }],
    needs: tls ? ['websocket', 'tls'] : ['websocket'],
    fresh: false,
    repeats: 1,
    enough,
    measure: async (proxy, workshop, seconds) => {
      const load = begin(workshop, [...args, '--port', String(proxy.port), '--host', HOST, '--warm', String(RUN_UP), '--limit', '10', '--seconds', String(seconds), ...tls ? ['--tls', '1'] : []])
      let watch: Stopwatch | null = null
      const pids = proxy.pids()
      for await (const line of load.lines) {
        if (line === 'start') {
          watch = new Stopwatch(pids, workshop.probe)
        } else if (line.startsWith('stop') && watch !== null) {
          const stopped = watch.stop()
          const units = Number(line.slice(5)) / unit
          await load.end()
          if (!(units > 0)) throw new Error('no work was done')
          return stopped.per(units)
        }
      }
      throw new Error(await load.failure())
    }
  }
}

async function measureIdle (proxy: Proxy, workshop: Workshop): Promise<Sample> {
  const load = begin(workshop, ['idle', '--connections', '5000', '--port', String(proxy.port), '--host', HOST, '--limit', '60'])
  let before = 0
  for await (const line of load.lines) {
    if (line === 'warm') {
      await sleep(700)
      before = memoryOf(proxy.pids())
      load.say('go\n')
    } else if (line.startsWith('open')) {
      await sleep(1000)
      const memory = (memoryOf(proxy.pids()) - before) / Number(line.slice(5)) / 1024
      await load.end()
      return { memory }
    }
  }
  throw new Error(await load.failure())
}

async function measureSlow (proxy: Proxy, workshop: Workshop): Promise<Sample> {
  const load = begin(workshop, ['slow', '--port', String(proxy.port), '--host', HOST, '--limit', '60'])
  const before = memoryOf(proxy.pids())
  for await (const line of load.lines) {
    if (line !== 'asked') continue
    let most = before
    // Only a proxy that queues without a limit still grows after five seconds.
    for (let turns = 0; turns < 50; turns++) {
      await sleep(100)
      most = Math.max(most, memoryOf(proxy.pids()))
    }
    await load.end()
    return { memory: (most - before) / 1024 / 1024 }
  }
  throw new Error(await load.failure())
}

function percentile (text: string, percent: number): number {
  const [, value, unit] = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s)`, 'm').exec(text) ?? []
  return Number(value) * ({ us: 0.001, ms: 1, s: 1000 }[unit ?? ''] ?? NaN)
}
