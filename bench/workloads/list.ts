// Which work is measured, who can do it, and what is missing for it here?
import { filesFor, filesPerProcess, processesFor } from '../machine/files.ts'
import type { Workshop } from '../machine/workshop.ts'
import type { Options } from '../options.ts'
import type { Peer } from '../peers/kinds.ts'
import { http } from './http.ts'
import type { Workload } from './kinds.ts'
import { IDLE, SLOW } from './memory.ts'
import { scaleOf } from './scale.ts'
import { storm } from './storm.ts'
import { tail } from './tail.ts'
import { webSocket } from './web-socket.ts'

/** In the order of the results. */
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
  IDLE,
  SLOW,
  storm('storm', 'http'),
  storm('storm-tls', 'https'),
  tail('tail-get1k', 'get'),
  tail('tail-echo', 'echo'),
  scaleOf('scale-echo', 'messages', ['echo', '--connections', '64'], 40_000),
  scaleOf('scale-handshake', 'handshakes', ['handshake', '--connections', '16'], 30_000)
]

/** Whether a peer can do a workload with so many workers. A proxy that only serves from memory can't forward. */
export function suits (peer: Peer, { needs, fresh, scale }: Workload, workers: number): boolean {
  const several = workers > 1 || scale !== undefined
  if (peer.key === 'direct' && (several || fresh || needs.includes('tls'))) return false
  return needs.every(need => peer.speaks.has(need)) && (!several || peer.speaks.has('workers'))
}

/** Why no peer can do a workload here, or null. */
export function missingFor (workload: Workload, workshop: Workshop, { count, rate, workers }: Options, peers: readonly Peer[]): string | null {
  const { needs, opensMany, spreads, paced, scale } = workload
  if (workshop.backend === null) return 'no backend could be built'
  if (needs.includes('tls') && (workshop.certificates === null || (needs.includes('websocket') && !workshop.loadSpeaksTls))) return 'no OpenSSL'
  if (needs.includes('websocket') && (workshop.webSocketLoad === null || workshop.stormLoad === null)) return 'no WebSocket load could be built'
  if (!needs.includes('websocket') && workshop.httpLoad === null) return 'wrk is not installed'
  if (paced === true && workshop.tailLoad === null) return 'no load for fixed times could be built'
  if (paced === true && rate === 0 && !peers.some(isMeasure)) return `its rate is half of what \`${MEASURE}\` reaches: measure that as well, or give --rate`
  if (scale !== undefined && workers !== 1) return 'it has one worker and two by itself: leave --workers away'
  return opensMany === true && spreads !== true ? tooFewFiles(count) : null
}

/** The row whose half capacity is the rate of what is sent at fixed times. */
const MEASURE = 'ours'

export function isMeasure ({ key, absent }: Peer): boolean {
  return key === MEASURE && absent === null
}

/** In how many processes a proxy has its files open during a workload. */
export function spreadOf ({ spreads }: Workload, count: number): number {
  return spreads === true ? processesFor(SOCKETS * count) : 1
}

/** Why a peer can't have enough files open for a workload, or null. */
export function lacksFiles (peer: Peer, workload: Workload, count: number): string | null {
  if (spreadOf(workload, count) === 1 || peer.speaks.has('processes')) return null
  return `absent: needs ${inWords(filesFor(SOCKETS * count))} open files, the limit is ${inWords(filesPerProcess())}`
}

/** What is told with the figures of a workload for which processes are spread, or null. */
export function spreadNote (workload: Workload, count: number): string | null {
  const proxy = spreadOf(workload, count)
  if (proxy === 1) return null
  const others = processesFor(count)
  return `${workload.key}: ${inWords(count)} WebSockets are ${inWords(SOCKETS * count)} sockets of the proxy, and a process may have ${inWords(filesPerProcess())} files open here. Each proxy has ${proxy} workers (nginx with \`reuseport\`), the load and the backend ${others === 1 ? 'one process' : `${others} processes`} each`
}

/** Each WebSocket has two sockets at the proxy. */
const SOCKETS = 2

function tooFewFiles (count: number): string | null {
  const [limit, needed] = [filesPerProcess(), filesFor(SOCKETS * count)]
  if (needed <= limit) return null
  return `${inWords(count)} WebSockets are ${inWords(needed)} open files of the proxy, and a process may have ${inWords(limit)} here: raise the hard limit (\`ulimit -Hn ${needed}\` as root, \`docker run --ulimit nofile=${needed}\`), or give --count ${Math.max(10, Math.floor((limit - filesFor(0)) / SOCKETS))}`
}

function inWords (value: number): string {
  return value.toLocaleString('en')
}
