// What does a request cost, and how long does it take?
import { postScript, run } from '../machine/generator.ts'
import { Stopwatch } from '../machine/stopwatch.ts'
import { HOST, type Measure, RUN_UP, type Workload } from './kinds.ts'

/** GET or POST with wrk. */
export function http (key: string, title: string, path: string, connections: number, need: 'page' | 'http', ...more: 'tls'[]): Workload {
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

/** Some connections that are kept alive, each with one request on its way. */
export function httpMeasure (path: string, connections: number, tls: boolean): Measure {
  return async (proxy, workshop, { seconds }) => {
    const script = path === '/sink' ? ['-s', postScript(workshop)] : []
    const load = (seconds: number) => run(workshop.httpLoad ?? 'wrk', [
      '-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-H', `Host: ${HOST}`, ...script,
      `${tls ? 'https' : 'http'}://127.0.0.1:${proxy.port}${path}`
    ])
    // V8 has shrunk the heap of the process while other peers were measured: its growing again is not to be measured.
    await load(RUN_UP)
    // One request at a time: each piece of the probe would delay one, and be the p99.
    if (connections === 1) workshop.probe?.pause()
    const watch = new Stopwatch(proxy.pids(), workshop.probe, proxy.cores)
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

function percentile (text: string, percent: number): number {
  const [, value, unit] = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s)`, 'm').exec(text) ?? []
  return Number(value) * ({ us: 0.001, ms: 1, s: 1000 }[unit ?? ''] ?? NaN)
}
