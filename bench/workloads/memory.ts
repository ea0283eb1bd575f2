// How much memory does a WebSocket take that is idle, or whose client does not read?
import { setTimeout as sleep } from 'node:timers/promises'
import { begin } from '../machine/generator.ts'
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

async function measureIdle (proxy: Proxy, workshop: Workshop, { count }: Plan): Promise<Sample> {
  const load = begin(workshop.webSocketLoad, ['idle', '--connections', String(count), '--sources', '16', '--port', String(proxy.port), '--host', HOST, '--limit', String(60 + Math.round(count / 200))])
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
