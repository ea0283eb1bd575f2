// Which clients, paths, upstreams …: how many exchanges has each, how long did they take, and how many bytes did they move?
import { ID } from '../rows/column-ids.ts'
import type { Row } from '../rows/row.ts'
import { Adding } from './adding.ts'
import { Spreading } from './spread.ts'
import { valueOf, type Value } from './values.ts'

/** A group's figures. */
export interface Group {
  /** The values that it is grouped by; null where a line has none. */
  readonly by: Readonly<Record<string, string | null>>
  readonly count: number
  /** Of all exchanges, from 0 to 1. */
  readonly share: number
  /** time-taken in ms; of WebSockets, for which it is their life, only where the group has nothing else. */
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
  /** Both ways, of the lines that say how many; null where none does. */
  readonly bytes: number | null
}

/** Groups beyond this number are counted together: a query of every client of a year must not fill the memory. */
const MOST_GROUPS = 200_000
const BETWEEN = '\u0000'
const OTHERS = 'others'

interface Counting {
  count: number
  readonly bytes: Adding
  times: Spreading | null
  lives: Spreading | null
}

/** Counts exchanges by one value, or by two of them together. */
export class Groups {
  readonly names: readonly string[]
  readonly #values: readonly Value[]
  readonly #groups = new Map<string, Counting>()
  #count = 0

  /** Throws an Error where more than two names are given. */
  constructor (by: string, named: Readonly<Record<string, Value>>) {
    this.names = by.split(',').map(name => name.trim()).filter(name => name !== '')
    if (this.names.length === 0 || this.names.length > 2) throw new Error(`"${by}" names ${this.names.length} values: --by takes one, or two with a comma`)
    this.#values = this.names.map(name => valueOf(name, named))
  }

  add (row: Row): void {
    // The WebSocket's end has a line of its own.
    if (row.isOpening) return
    this.#count++
    const [first, second] = this.#values as [Value, Value | undefined]
    const key = second === undefined ? first(row) ?? '' : `${first(row) ?? ''}${BETWEEN}${second(row) ?? ''}`
    const group = this.#groups.get(key) ?? this.#open(key)
    group.count++
    const time = row.number(ID.timeTaken)
    if (time >= 0) (row.status === 101 ? group.lives ??= new Spreading() : group.times ??= new Spreading()).add(time)
    group.bytes.add(row.number(ID.bytesSent))
    group.bytes.add(row.number(ID.bytesReceived))
  }

  #open (key: string): Counting {
    const known = this.#groups.size < MOST_GROUPS ? key : this.names.map(() => OTHERS).join(BETWEEN)
    const group = this.#groups.get(known) ?? { count: 0, bytes: new Adding(), times: null, lives: null }
    this.#groups.set(known, group)
    return group
  }

  /** The groups, the largest first. */
  result (): Group[] {
    return [...this.#groups].sort(([, a], [, b]) => b.count - a.count).map(([key, { count, bytes, times, lives }]) => {
      const values = key.split(BETWEEN)
      const { p50 = null, p95 = null, p99 = null } = (times ?? lives)?.result() ?? {}
      return {
        by: Object.fromEntries(this.names.map((name, index) => [name, values[index] === '' ? null : values[index] as string])),
        count,
        share: count / this.#count,
        p50,
        p95,
        p99,
        bytes: bytes.sum
      }
    })
  }
}
