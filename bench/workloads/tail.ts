// How long do the slowest wait while work arrives at fixed times, whatever has been answered by then?
import { begin } from '../machine/generator.ts'
import { Stopwatch } from '../machine/stopwatch.ts'
import { httpMeasure } from './http.ts'
import { type Figure, HOST, type Measure, RUN_UP, type Workload } from './kinds.ts'
import { webSocketMeasure } from './web-socket.ts'

const FIGURES: readonly Figure[] = [
  { name: 'p50', title: 'p50', unit: 'ms', digits: 2 },
  { name: 'p99', title: 'p99', unit: 'ms', digits: 2 },
  { name: 'p999', title: 'p99.9', unit: 'ms', digits: 2 },
  { name: 'unanswered', title: 'unanswered', unit: '', digits: 0, worst: true },
  { name: 'rate', title: 'answered a second', unit: '', digits: 0 },
  { name: 'busy', title: 'busy', unit: '', digits: 2 },
  { name: 'cpu', title: 'CPU of the proxy per piece', unit: 'µs', digits: 1 },
  { name: 'late', title: 'the load was late, p99', unit: 'ms', digits: 2 }
]

/** GET 1 KiB or echo at a fixed rate, on 64 connections. */
export function tail (key: string, work: 'get' | 'echo'): Workload {
  const echo = work === 'echo'
  return {
    key,
    table: `${echo ? 'WebSocket echo of 125 B' : 'GET 1 KiB'} at a fixed rate, 64 connections, time from when each was due`,
    figures: FIGURES,
    needs: echo ? ['websocket'] : ['page'],
    fresh: false,
    // The tail varies more from sample to sample than from peer to peer.
    repeats: 3,
    enough: echo ? 40_000 : 150_000,
    paced: true,
    measure: tailMeasure(work),
    warmUp: echo ? webSocketMeasure(['echo', '--connections', '64'], 1) : httpMeasure('/1k', 64, false)
  }
}

function tailMeasure (work: 'get' | 'echo'): Measure {
  return async (proxy, workshop, { seconds, rate: wanted }) => {
    const load = begin(workshop.tailLoad, [work, '--rate', String(wanted), '--port', String(proxy.port), '--host', HOST, '--warm', String(RUN_UP), '--seconds', String(seconds)])
    const pids = proxy.pids()
    // Each of its pieces would delay one answer, and be the tail.
    workshop.probe?.pause()
    let watch: Stopwatch | null = null
    try {
      for await (const line of load.lines) {
        if (line === 'start') watch = new Stopwatch(pids, workshop.probe, proxy.cores)
        if (!line.startsWith('stop') || watch === null) continue
        const stopped = watch.stop()
        const [answered = 0, p50 = NaN, p99 = NaN, p999 = NaN, unanswered = NaN, late = NaN] = line.split(' ').slice(1).map(Number)
        await load.end()
        if (answered === 0) throw new Error('nothing was answered')
        return { ...stopped.per(answered), p50, p99, p999, unanswered, late }
      }
      throw new Error(await load.failure())
    } finally {
      workshop.probe?.resume()
    }
  }
}
