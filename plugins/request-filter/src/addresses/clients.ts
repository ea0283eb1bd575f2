// What is known of each client? A table with a most number of clients, which forgets those that matter least.
//
// A client at rest (nothing of it is open) is forgotten when nothing would change by that, or when the table is full and it has been at
// rest the longest. A client with something open is never forgotten. Where all are such clients, those that find no room are counted
// together, as one client: the limit holds for them all. Letting them pass would be a way around the limit, and each client in the table
// holds a connection open, so it is the process that is short of something by then.
//
// Typed arrays and not a Map of objects: no garbage, a third of the memory, and V8 keeps no old tables of theirs.
import { randomBytes } from 'node:crypto'
import type { Client } from './client.ts'

/** How many clients a table has at most. */
export const MOST_CLIENTS = 100_000

/** The row that clients without a row of their own share. */
const CROWD = 0
const NONE = -1
const FIRST_ROWS = 64

export class Clients {
  readonly #most: number
  readonly #keep: number
  // Clients choose their addresses, and must not choose the chain they are in.
  readonly #seed = randomBytes(8).readInt32LE()
  #rows = 1
  #high = new Uint32Array(FIRST_ROWS)
  #low = new Uint32Array(FIRST_ROWS)
  /** The first row of each chain of rows with the same hash. */
  #chains = new Int32Array(FIRST_ROWS).fill(NONE)
  /** The next row of a row's chain. */
  #next = new Int32Array(FIRST_ROWS).fill(NONE)
  // The rows at rest, as a list from the longest at rest to the last one.
  #older = new Int32Array(FIRST_ROWS).fill(NONE)
  #younger = new Int32Array(FIRST_ROWS).fill(NONE)
  #oldest = NONE
  #youngest = NONE
  #seen = new Float64Array(FIRST_ROWS)
  #open = new Uint32Array(FIRST_ROWS)
  /** Three numbers for each row, for whoever counts; zero for a new client. */
  numbers = new Float64Array(FIRST_ROWS * 3)

  /** @param keep how long (ms) a client at rest is remembered at least, while there is room @param most how many clients. */
  constructor (keep: number, most = MOST_CLIENTS) {
    this.#keep = keep
    this.#most = most
  }

  /** How many rows there are, those that may be reused among them. */
  get size (): number {
    return this.#rows - 1
  }

  /** How much of a row is open. */
  open (row: number): number {
    return this.#open[row] as number
  }

  /** The client's row, made where it has none. It stays the client's as long as something is open; `now` in ms. */
  rowOf ({ high, low }: Client, now: number): number {
    let row = this.#chains[this.#chainOf(high, low)] as number
    while (row !== NONE && (this.#low[row] !== low || this.#high[row] !== high)) row = this.#next[row] as number
    if (row === NONE) row = this.#add(high, low, now)
    else if (this.#open[row] === 0 && row !== this.#youngest) {
      this.#unrest(row)
      this.#rest(row)
    }
    this.#seen[row] = now
    return row
  }

  /** One more is open. */
  hold (row: number): void {
    if (this.#open[row] === 0 && row !== CROWD) this.#unrest(row)
    this.#open[row]! += 1
  }

  /** One less is open. Once for each `hold`. */
  release (row: number): void {
    if (this.#open[row] === 0) throw new RangeError('nothing is open')
    this.#open[row]! -= 1
    if (this.#open[row] === 0 && row !== CROWD) this.#rest(row)
  }

  #add (high: number, low: number, now: number): number {
    let row = this.#oldest
    if (row !== NONE && (this.#rows > this.#most || now - (this.#seen[row] as number) >= this.#keep)) this.#forget(row)
    else if (this.#rows > this.#most) return CROWD
    else {
      if (this.#rows === this.#high.length) this.#grow()
      row = this.#rows++
    }
    this.#high[row] = high
    this.#low[row] = low
    this.#link(row)
    this.#rest(row)
    return row
  }

  #forget (row: number): void {
    this.#unrest(row)
    const chain = this.#chainOf(this.#high[row] as number, this.#low[row] as number)
    const next = this.#next[row] as number
    let before = this.#chains[chain] as number
    if (before === row) this.#chains[chain] = next
    else {
      while (this.#next[before] !== row) before = this.#next[before] as number
      this.#next[before] = next
    }
    this.numbers.fill(0, row * 3, row * 3 + 3)
  }

  #link (row: number): void {
    const chain = this.#chainOf(this.#high[row] as number, this.#low[row] as number)
    this.#next[row] = this.#chains[chain] as number
    this.#chains[chain] = row
  }

  /** Appends a row to the rows at rest. */
  #rest (row: number): void {
    this.#older[row] = this.#youngest
    this.#younger[row] = NONE
    if (this.#youngest === NONE) this.#oldest = row
    else this.#younger[this.#youngest] = row
    this.#youngest = row
  }

  #unrest (row: number): void {
    const older = this.#older[row] as number
    const younger = this.#younger[row] as number
    if (older === NONE) this.#oldest = younger
    else this.#younger[older] = younger
    if (younger === NONE) this.#youngest = older
    else this.#older[younger] = older
  }

  // MurmurHash3's last steps, for both halves.
  #chainOf (high: number, low: number): number {
    let hash = Math.imul(high ^ this.#seed, 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13) ^ low, 0xc2b2ae35)
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    return (hash ^ (hash >>> 13)) & (this.#chains.length - 1)
  }

  #grow (): void {
    const rows = this.#high.length * 2
    this.#high = longer(this.#high, new Uint32Array(rows))
    this.#low = longer(this.#low, new Uint32Array(rows))
    this.#next = longer(this.#next, new Int32Array(rows))
    this.#older = longer(this.#older, new Int32Array(rows))
    this.#younger = longer(this.#younger, new Int32Array(rows))
    this.#seen = longer(this.#seen, new Float64Array(rows))
    this.#open = longer(this.#open, new Uint32Array(rows))
    this.numbers = longer(this.numbers, new Float64Array(rows * 3))
    this.#chains = new Int32Array(rows).fill(NONE)
    for (let row = CROWD + 1; row < this.#rows; row++) this.#link(row)
  }
}

function longer<T extends Uint32Array | Int32Array | Float64Array> (from: T, to: T): T {
  to.set(from)
  return to
}
