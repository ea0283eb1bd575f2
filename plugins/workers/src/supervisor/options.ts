// What may a supervisor be told, and which values are invalid?
import { availableParallelism } from 'node:os'
import { InvalidOptionsError } from '../errors.ts'
import { unknownOptions } from '../known-options.ts'
import { CAN_SHARE } from './listening/bound.ts'
import type { BackOffOptions, BackOffSettings } from './back-off.ts'

/** Where a supervisor tells what happens: a logger such as pino. */
export interface SupervisorLog {
  info (about: object, text: string): void
  warn (about: object, text: string): void
  error (about: object, text: string): void
}

export type Connections = 'shared' | 'round-robin'

/** Options of `supervise`. Times are in ms. */
export interface SuperviseOptions {
  /** The file that a worker runs. It registers the plugin of this package, and listens. */
  readonly exec: string
  /** Arguments of that file. Defaults to none. */
  readonly args?: readonly string[]
  /** Options of Node. Defaults to this process's own. */
  readonly execArgv?: readonly string[]
  /** Variables besides this process's own; undefined takes one away. A function is asked at each start. */
  readonly env?: Readonly<Record<string, string | undefined>> | (() => Readonly<Record<string, string | undefined>>)
  /** How many; `auto` for one per core (`os.availableParallelism()`). Defaults to `auto`. */
  readonly workers?: number | 'auto'
  /**
   * How connections come to workers. `shared`: all accept from the same sockets, and who has more than its share rests. `round-robin`: the supervisor
   * accepts, and gives one to each in turn. Defaults to `shared` on Linux and `round-robin` elsewhere, or to what NODE_CLUSTER_SCHED_POLICY says
   * (`none` and `rr`).
   */
  readonly connections?: Connections
  /** Within which time a worker must listen. Defaults to 30000. */
  readonly readyTimeout?: number
  /** How long workers of before a reload may keep the tunnels that could not move; then these are told goodbye. Defaults to 300000. */
  readonly drainAfter?: number
  /**
   * How many generations of before may have tunnels that could not move, each with up to `workers` processes; with more, the tunnels of the oldest
   * are told goodbye at once. Defaults to 10.
   */
  readonly mostLeaving?: number
  /** How long a worker may take to end when it is told to; then it is killed. Must be longer than the goodbye of its WebSockets. Defaults to 30000. */
  readonly endAfter?: number
  readonly backOff?: BackOffOptions
  /** Whether SIGTERM and SIGINT end it, and SIGHUP reloads. Defaults to true. */
  readonly signals?: boolean
  /** The folder of the socket by which the command `arr-workers` finds it; false for none. Defaults to one of this user's in the temporary folder. */
  readonly control?: string | false
  /** Defaults to lines on stdout. */
  readonly log?: SupervisorLog
}

/** The options as they run. */
export interface SupervisorSettings {
  readonly exec: string
  readonly args: readonly string[]
  readonly execArgv: readonly string[] | null
  readonly env: () => Readonly<Record<string, string | undefined>>
  readonly count: number
  readonly connections: Connections
  readonly readyTimeout: number
  readonly drainAfter: number
  readonly mostLeaving: number
  readonly endAfter: number
  readonly backOff: BackOffSettings
  readonly signals: boolean
  readonly control: string | false | null
  readonly log: SupervisorLog
}

const OPTIONS: Readonly<Record<keyof SuperviseOptions, true>> = { exec: true, args: true, execArgv: true, env: true, workers: true, connections: true, readyTimeout: true, drainAfter: true, mostLeaving: true, endAfter: true, backOff: true, signals: true, control: true, log: true }
const MOST_WORKERS = 1024
const MOST_GENERATIONS = 1000
// What a timer of Node can wait.
const MOST_TIME = 2 ** 31 - 1

/** Compiles the options, or throws one InvalidOptionsError that lists every mistake. */
export function compile (options: SuperviseOptions): SupervisorSettings {
  const mistakes = unknownOptions(options, Object.keys(OPTIONS))
  const { exec, args = [], execArgv, env = {}, workers = 'auto', connections = usual(), readyTimeout = 30_000, drainAfter = 300_000, mostLeaving = 10, endAfter = 30_000, backOff = {}, signals = true, control, log = LINES } = options
  if (typeof exec !== 'string' || exec === '') mistakes.push('`exec` must be a file')
  for (const [name, list] of [['args', args], ['execArgv', execArgv ?? []]] as const) {
    if (!Array.isArray(list) || list.some(word => typeof word !== 'string')) mistakes.push(`\`${name}\` must be a list of texts`)
  }
  if (typeof env !== 'function' && (typeof env !== 'object' || env === null)) mistakes.push('`env` must be an object or a function')
  if (workers !== 'auto' && !(Number.isInteger(workers) && workers >= 1 && workers <= MOST_WORKERS)) mistakes.push(`\`workers\` must be \`auto\` or a whole number from 1 to ${MOST_WORKERS}`)
  if (connections !== 'shared' && connections !== 'round-robin') mistakes.push('`connections` must be `shared` or `round-robin`')
  if (!(Number.isInteger(mostLeaving) && mostLeaving >= 1 && mostLeaving <= MOST_GENERATIONS)) mistakes.push(`\`mostLeaving\` must be a whole number from 1 to ${MOST_GENERATIONS}`)
  for (const [name, time] of Object.entries({ readyTimeout, drainAfter, endAfter })) if (!isTime(time)) mistakes.push(`\`${name}\` must be a number from 0 to ${MOST_TIME}`)
  const times = { first: 500, most: 30_000, reset: 60_000 }
  if (typeof backOff !== 'object' || backOff === null) mistakes.push('`backOff` must be { first, most, reset }')
  else {
    mistakes.push(...unknownOptions(backOff, Object.keys(times)).map(mistake => mistake.replace('`', '`backOff.')))
    for (const [name, time] of Object.entries(backOff)) if (name in times && time !== undefined && !isTime(time)) mistakes.push(`\`backOff.${name}\` must be a number from 0 to ${MOST_TIME}`)
  }
  if (typeof signals !== 'boolean') mistakes.push('`signals` must be true or false')
  if (control !== undefined && control !== false && (typeof control !== 'string' || control === '')) mistakes.push('`control` must be a folder or false')
  if (typeof log?.info !== 'function' || typeof log.warn !== 'function' || typeof log.error !== 'function') mistakes.push('`log` must be a logger such as pino')
  if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.join('; '))
  const { first = times.first, most = times.most, reset = times.reset } = backOff
  return {
    exec,
    args,
    execArgv: execArgv ?? null,
    env: typeof env === 'function' ? env : () => env,
    count: workers === 'auto' ? availableParallelism() : workers,
    connections: CAN_SHARE ? connections : 'round-robin',
    readyTimeout,
    drainAfter,
    mostLeaving,
    endAfter,
    backOff: { first, most, reset },
    signals,
    control: control ?? null,
    log
  }
}

/** Only Linux was measured. The variable is Node's, for its own cluster. */
function usual (): Connections {
  const { NODE_CLUSTER_SCHED_POLICY: policy } = process.env
  return policy === 'none' || (process.platform === 'linux' && policy !== 'rr') ? 'shared' : 'round-robin'
}

function isTime (time: unknown): boolean {
  return typeof time === 'number' && time >= 0 && time <= MOST_TIME
}

/** A line of JSON for each, as pino writes them. */
const LINES: SupervisorLog = { info: line('info'), warn: line('warn'), error: line('error') }

function line (level: string): (about: object, text: string) => void {
  return (about, msg) => { process.stdout.write(`${JSON.stringify({ level, time: Date.now(), pid: process.pid, ...about, msg })}\n`) }
}
