// What does the same work cost with two workers instead of one, and how much more do they get done?
import { leavesCore } from '../machine/processes.ts'
import type { Workload } from './kinds.ts'
import { webSocketMeasure } from './web-socket.ts'

/** A piece of work on WebSockets with one worker and with two, which have one and two cores. */
export function scaleOf (key: string, units: string, args: readonly string[], enough: number): Workload {
  return {
    key,
    table: `${units} with one worker and with two`.replace(/^./, first => first.toUpperCase()),
    figures: [
      { name: 'one', title: `${units} per CPU-second, one worker`, unit: '', digits: 0 },
      { name: 'two', title: 'two workers', unit: '', digits: 0 },
      { name: 'cost', title: 'cost of each with two', unit: '×', digits: 2 },
      { name: 'throughput', title: 'done a second with two', unit: '×', digits: 2 }
    ],
    needs: ['websocket', 'workers'],
    fresh: false,
    repeats: 1,
    enough,
    measure: webSocketMeasure(args, 1),
    scale: (one, two) => ({
      one: 1e6 / (one.cpu ?? NaN),
      two: 1e6 / (two.cpu ?? NaN),
      cost: (two.cpu ?? NaN) / (one.cpu ?? NaN),
      // Where the load shares a core with the proxy, what is done a second says nothing about the proxy.
      throughput: leavesCore(2) ? (two.rate ?? NaN) / (one.rate ?? NaN) : NaN
    })
  }
}
