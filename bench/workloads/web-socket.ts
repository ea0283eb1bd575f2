// What does a message or a handshake cost?
import { begin } from '../machine/generator.ts'
import { leavesCore } from '../machine/processes.ts'
import { Stopwatch } from '../machine/stopwatch.ts'
import { HOST, type Measure, RUN_UP, type Workload } from './kinds.ts'

/** What a piece of work on WebSockets costs. */
export function webSocket (key: string, title: string, per: string, args: readonly string[], unit: number, enough: number, tls = false): Workload {
  return {
    key,
    figures: [{ name: 'cpu', title: `${title}, CPU of the proxy per ${per}`, unit: 'µs', digits: 1 }],
    needs: tls ? ['websocket', 'tls'] : ['websocket'],
    fresh: false,
    repeats: 1,
    enough,
    measure: webSocketMeasure(args, unit, tls, args[0] !== 'bulk')
  }
}

/**
 * The load of ws.cpp that counts between `start` and `stop`.
 *
 * @param staysAwake polls, where it has a core to itself: a write to a load that sleeps wakes it, and the slower a proxy is
 * the more often does it sleep. Over a network no proxy pays for that.
 */
export function webSocketMeasure (args: readonly string[], unit: number, tls = false, staysAwake = false): Measure {
  return async (proxy, workshop, { seconds }) => {
    const load = begin(workshop.webSocketLoad, [...args, '--port', String(proxy.port), '--host', HOST, '--warm', String(RUN_UP), '--limit', '10', '--seconds', String(seconds), ...tls ? ['--tls', '1'] : [], ...staysAwake && leavesCore(proxy.cores) ? ['--awake', '1'] : []])
    let watch: Stopwatch | null = null
    const pids = proxy.pids()
    for await (const line of load.lines) {
      if (line === 'start') {
        watch = new Stopwatch(pids, workshop.probe, proxy.cores)
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
