// Which kind of exchange was it? All that the metrics tell apart of an exchange is one kind, found in a fraction of a microsecond and
// counted once; each metric is a sum over kinds, made when somebody asks.

/** What is told apart. Empty texts for what an exchange does not have. */
export interface Traits {
  readonly code: string
  readonly site: string
  readonly method: string
  readonly rule: string
  /** Why it was refused. */
  readonly reason: string
  readonly farm: string
  readonly server: string
  /** What the upstream answered. */
  readonly answered: string
  readonly error: string
  readonly side: string
  /** `yes` or `no`; empty where no connection carried it. */
  readonly kept: string
  /** `open` for a WebSocket, `own` for one that this server itself has accepted, `asked` for a request for one that got none. */
  readonly webSocket: '' | 'open' | 'own' | 'asked'
}

/** One kind, and how many there were. */
export interface Kind extends Traits {
  count: number
  /** By buckets of their times; one more than there are bounds. */
  readonly times: Float64Array
  /** Seconds. */
  sum: number
}

const TRAITS = ['code', 'site', 'method', 'rule', 'reason', 'farm', 'server', 'answered', 'error', 'side', 'kept', 'webSocket'] as const satisfies ReadonlyArray<keyof Traits>
/** More kinds than these become one, so that no configuration and no client fills the memory. */
const MOST = 4096

/** The kinds that there were. */
export class Kinds {
  readonly #buckets: number
  /** By their status: the lists are short. */
  readonly #byCode = new Map<string, Kind[]>()
  #size = 0

  constructor (buckets: number) {
    this.#buckets = buckets
  }

  of (traits: Traits): Kind {
    let list = this.#byCode.get(traits.code)
    if (list === undefined) this.#byCode.set(traits.code, list = [])
    for (let at = 0; at < list.length; at++) {
      const kind = list[at] as Kind
      if (!alike(kind, traits)) continue
      // What comes often is found at once.
      if (at > 0) {
        list[at] = list[at - 1] as Kind
        list[at - 1] = kind
      }
      return kind
    }
    if (this.#size >= MOST && traits.server !== OTHER) return this.of({ ...EMPTY, code: traits.code, server: OTHER, webSocket: traits.webSocket })
    this.#size++
    const kind = { ...traits, count: 0, times: new Float64Array(this.#buckets + 1), sum: 0 }
    list.push(kind)
    return kind
  }

  reset (): void {
    this.#byCode.clear()
    this.#size = 0
  }

  * [Symbol.iterator] (): Generator<Kind> {
    for (const list of this.#byCode.values()) yield * list
  }
}

const OTHER = 'other'
const EMPTY = { site: '', method: '', rule: '', reason: '', farm: '', answered: '', error: '', side: '', kept: '' } as const

function alike (kind: Traits, traits: Traits): boolean {
  for (let i = 0; i < TRAITS.length; i++) {
    const name = TRAITS[i] as keyof Traits
    if (kind[name] !== traits[name]) return false
  }
  return true
}
