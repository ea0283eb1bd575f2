// How long did requests take? Times on a logarithmic scale of fixed size: a quantile is at most 5 % from the true one.

/** Neighbouring bounds are so many times as large; the middle of a bucket is then 4 % from both at most. */
const GROWTH = 1.08
const LEAST = 0.01
const SCALE = 1 / Math.log(GROWTH)
const OFFSET = Math.log(LEAST) * SCALE
/** From 0.01 ms to a day. */
const BUCKETS = Math.ceil(Math.log(86_400_000 / LEAST) * SCALE) + 1

/** Times in ms. */
export class Spread {
  readonly #counts = new Uint32Array(BUCKETS)
  #total = 0

  get total (): number {
    return this.#total
  }

  record (time: number): void {
    const bucket = time <= LEAST ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log(time) * SCALE - OFFSET))
    this.#counts[bucket]!++
    this.#total++
  }

  add (other: Spread): void {
    if (other.#total === 0) return
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.#counts[bucket]! += other.#counts[bucket]!
    this.#total += other.#total
  }

  /** As plain data: buckets and their counts in turn, of those that are not empty. */
  sparse (): number[] {
    const pairs: number[] = []
    if (this.#total > 0) for (let bucket = 0; bucket < BUCKETS; bucket++) if (this.#counts[bucket]! > 0) pairs.push(bucket, this.#counts[bucket]!)
    return pairs
  }

  /** Adds what `sparse` has told, here or in another process. */
  addSparse (pairs: readonly number[]): void {
    for (let at = 0; at + 1 < pairs.length; at += 2) {
      const [bucket, count] = [pairs[at]!, pairs[at + 1]!]
      if (!(bucket >= 0 && bucket < BUCKETS)) continue
      this.#counts[bucket]! += count
      this.#total += count
    }
  }

  clear (): void {
    if (this.#total === 0) return
    this.#counts.fill(0)
    this.#total = 0
  }

  /** The time that this share of all took at most; null where there is none. */
  quantile (share: number): number | null {
    if (this.#total === 0) return null
    const rank = Math.max(1, Math.ceil(share * this.#total))
    let passed = 0
    let bucket = 0
    while (bucket < BUCKETS - 1 && (passed += this.#counts[bucket]!) < rank) bucket++
    return LEAST * GROWTH ** (bucket + 0.5)
  }
}
