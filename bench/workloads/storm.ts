// What happens to thousands of clients who all connect at the same moment?
import { begin } from '../machine/generator.ts'
import { backlogOf } from '../machine/processes.ts'
import { Stopwatch } from '../machine/stopwatch.ts'
import { type Figure, HOST, type Measure, type Workload } from './kinds.ts'
import { webSocketMeasure } from './web-socket.ts'

const FIGURES: readonly Figure[] = [
  { name: 'all', title: 'until the last is open', unit: 'ms', digits: 0 },
  { name: 'p50', title: 'p50', unit: 'ms', digits: 0 },
  { name: 'p99', title: 'p99', unit: 'ms', digits: 0 },
  { name: 'p999', title: 'p99.9', unit: 'ms', digits: 0 },
  { name: 'refused', title: 'refused', unit: '', digits: 0, worst: true },
  { name: 'reset', title: 'reset', unit: '', digits: 0, worst: true },
  { name: 'status', title: 'not 101', unit: '', digits: 0, worst: true },
  { name: 'unanswered', title: 'unanswered', unit: '', digits: 0, worst: true },
  { name: 'retried', title: 'sent again by TCP', unit: '', digits: 0, worst: true },
  { name: 'backlog', title: 'may wait to be accepted', unit: '', digits: 0 },
  { name: 'cpu', title: 'CPU of the proxy per handshake', unit: 'µs', digits: 0 },
  { name: 'load', title: 'busy: the load', unit: '%', digits: 0 }
]

/** How long the clients wait for their 101, s. */
const LIMIT = 30

/** `--count` clients connect at once as WebSockets. */
export function storm (key: string, scheme: 'http' | 'https'): Workload {
  const tls = scheme === 'https'
  return {
    key,
    table: `A storm of WebSocket handshakes over ${scheme}, all at once`,
    figures: FIGURES,
    needs: tls ? ['websocket', 'many', 'tls'] : ['websocket', 'many'],
    fresh: false,
    repeats: 1,
    enough: tls ? 10_000 : 30_000,
    opensMany: true,
    measure: stormMeasure(tls),
    warmUp: webSocketMeasure(['handshake', '--connections', '16'], 1, tls)
  }
}

function stormMeasure (tls: boolean): Measure {
  return async (proxy, workshop, { count }) => {
    const load = begin(workshop.stormLoad, ['--count', String(count), '--port', String(proxy.port), '--host', HOST, '--limit', String(LIMIT), ...tls ? ['--tls', '1'] : []])
    const backlog = backlogOf(proxy.port) ?? NaN
    let watch: Stopwatch | null = null
    let sample = null
    for await (const line of load.lines) {
      if (line === 'ready') {
        watch = new Stopwatch(proxy.pids(), workshop.probe, proxy.cores)
        load.say('go\n')
      } else if (line.startsWith('open') && watch !== null) {
        const stopped = watch.stop()
        const [opened = 0, all = NaN, p50 = NaN, p99 = NaN, p999 = NaN, refused = NaN, reset = NaN, status = NaN, unanswered = NaN, retried = NaN, busy = NaN] = line.split(' ').slice(1).map(Number)
        if (opened === 0) throw new Error('not one was opened')
        sample = { ...stopped.per(opened), all, p50, p99, p999, refused, reset, status, unanswered, retried, backlog, load: busy * 100 }
        load.say('close\n')
      } else if (line === 'closed' && sample !== null) {
        await load.end()
        return sample
      }
    }
    throw new Error(await load.failure())
  }
}
