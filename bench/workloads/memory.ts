// How much memory does a WebSocket take that is idle, or whose client does not read?
import { setTimeout as sleep } from 'node:timers/promises'
import { processesFor } from '../machine/files.ts'
import { begin, Team } from '../machine/generator.ts'
import { memoryOf } from '../machine/processes.ts'
import type { Workshop } from '../machine/workshop.ts'
import type { Proxy } from '../peers/kinds.ts'
import { HOST, type Plan, type Sample, type Workload } from './kinds.ts'

/** Resident memory of `--count` WebSockets that say nothing. */
export const IDLE: Workload = {
  key: 'idle',
  figures: [{ name: 'memory', title: 'Memory for each idle tunnel of `--count`', unit: 'KiB', digits: 1 }],
  needs: ['websocket', 'many'],
  fresh: true,
  repeats: 1,
  enough: 0,
  opensMany: true,
  spreads: true,
  measure: measureIdle
}

/** Whether a proxy queues without a limit. */
export const SLOW: Workload = {
  key: 'slow',
  figures: [{ name: 'memory', title: 'Growth under a client that does not read, 500 MB streamed at it', unit: 'MiB', digits: 1 }],
  needs: ['websocket'],
  fresh: true,
  repeats: 1,
  enough: 0,
  measure: measureSlow
}

/** How many are opened and closed by each of the proxy's workers before the first measurement. */
const REHEARSED = 2000
/** The addresses of each process of the load. */
const SOURCES = 16

async function measureIdle (proxy: Proxy, workshop: Workshop, { count }: Plan): Promise<Sample> {
  const processes = processesFor(count)
  const { program = null, port = 0 } = workshop.backend ?? {}
  const backends = new Team(program, Array.from({ length: processes - 1 }, () => [String(port)]))
  const load = new Team(workshop.webSocketLoad, Array.from({ length: processes }, (_, index) => [
    'idle', '--port', String(proxy.port), '--host', HOST, '--limit', String(60 + Math.round(count / 200)),
    '--connections', String(shareOf(count, processes, index)), '--rehearse', String(shareOf(REHEARSED * proxy.workers, processes, index)),
    '--sources', String(SOURCES), '--first-source', String(1 + SOURCES * index)
  ]))
  try {
    await backends.sum('ready')
    await load.sum('warm')
    await sleep(700)
    const before = memoryOf(proxy.pids())
    load.goOn()
    const open = await load.sum('open')
    await sleep(1000)
    const memory = (memoryOf(proxy.pids()) - before) / open / 1024
    load.goOn()
    await load.sum('held')
    return { memory }
  } finally {
    await load.end()
    await backends.end()
  }
}

function shareOf (whole: number, parts: number, index: number): number {
  return Math.floor(whole * (index + 1) / parts) - Math.floor(whole * index / parts)
}

async function measureSlow (proxy: Proxy, workshop: Workshop): Promise<Sample> {
  const load = begin(workshop.webSocketLoad, ['slow', '--port', String(proxy.port), '--host', HOST, '--limit', '60'])
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
