// What does the command line ask for?
import { parseArgs } from 'node:util'

/** A checkout whose plugins are measured, under a name for its rows. */
export interface Tree {
  readonly name: string
  readonly path: string
}

export interface Options {
  /** Keys of the workloads to run; empty means all. */
  readonly only: readonly string[]
  /** Keys of the peers to run; empty means all. */
  readonly peers: readonly string[]
  readonly samples: number
  /** How long each sample lasts. */
  readonly seconds: number
  /** How long each peer is warmed up before its first sample of a workload, s. */
  readonly warm: number
  /** How many clients a storm has, and how many WebSockets are idle. */
  readonly count: number
  /** Requests or messages a second of the tail; 0 for half of what all our plugins together reach. */
  readonly rate: number
  /** Workers or threads of each proxy. */
  readonly workers: number
  /** How many connections may wait at a proxy to be accepted. */
  readonly backlog: number
  readonly nice: number
  /** Whether each sample is taken from a new process, which is warmed up again. */
  readonly fresh: boolean
  readonly trees: readonly Tree[]
  /** Whether RESULTS.md is written: only by a run that measures everything, unless asked. */
  readonly write: boolean
  readonly list: boolean
}

export const HELP = `npm run bench -- [options]

  --only a,b        workloads (see --list)
  --peers a,b       peers (see --list)
  --samples n       samples of each peer and workload, interleaved (3)
  --seconds s       length of a sample, a whole number (2)
  --warm s          warm-up of each peer in each workload, a whole number (1)
  --count n         clients of a storm, idle WebSockets (5000)
  --rate n          requests or messages a second of \`tail\` (half of what \`ours\` reaches in this run)
  --workers n       workers or threads of each proxy, which then runs on n cores (1)
  --backlog n       connections that may wait at a proxy to be accepted (4096; 511 is what nginx and Node have of themselves)
  --fresh           a new process for each sample: how far two starts of one program differ (takes as many times as long)
  --nice=n          priority of load and proxies, -20 to 19: less noise on a busy machine; below 0 needs root (0)
  --tree name=path  another checkout whose plugins are measured as well; may be given several times
  --write           writes bench/RESULTS.md although not everything was measured
  --list            names the workloads and the peers, and what is absent
`

/** Reads the command line. Throws a TypeError on an unknown option, a RangeError on a number out of range. */
export function readOptions (args: readonly string[], root: string): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      peers: { type: 'string', default: '' },
      samples: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2' },
      warm: { type: 'string', default: '1' },
      count: { type: 'string', default: '5000' },
      rate: { type: 'string', default: '0' },
      workers: { type: 'string', default: '1' },
      backlog: { type: 'string', default: '4096' },
      nice: { type: 'string', default: '0' },
      tree: { type: 'string', multiple: true, default: [] },
      fresh: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help) return null
  const only = words(values.only)
  const peers = words(values.peers)
  const trees = values.tree.map(text => {
    const at = text.indexOf('=')
    if (at < 1) throw new RangeError('--tree takes name=path')
    return { name: text.slice(0, at), path: text.slice(at + 1) }
  })
  return {
    only,
    peers,
    samples: whole('samples', values.samples, 1, 25),
    seconds: whole('seconds', values.seconds, 1, 60),
    warm: whole('warm', values.warm, 0, 60),
    count: whole('count', values.count, 10, 400_000),
    rate: whole('rate', values.rate, 0, 1_000_000),
    workers: whole('workers', values.workers, 1, 16),
    backlog: whole('backlog', values.backlog, 1, 65_535),
    nice: whole('nice', values.nice, -20, 19),
    trees: [{ name: '', path: root }, ...trees],
    fresh: values.fresh,
    write: values.write || (only.length === 0 && peers.length === 0 && trees.length === 0 && values.workers === '1'),
    list: values.list
  }
}

function words (text: string): string[] {
  return text.split(',').map(word => word.trim()).filter(word => word !== '')
}

function whole (name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > most) throw new RangeError(`--${name} takes a whole number from ${least} to ${most}`)
  return value
}
