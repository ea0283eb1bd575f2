// Which exchanges are shown? While somebody follows, those that a filter names; the last ones are kept for whoever comes.
import type { ServerFacts } from '@fastify-arr/facts'
import type { ExchangesView, Story } from '../../messages/index.ts'
import type { Followed } from '../../views/views.ts'
import type { ClientBytes } from '../client-bytes.ts'
import { isForThePage, type Ending } from '../exchanges.ts'
import { entryOf, storyOf, type Entry } from './entry.ts'
import { Follower } from './follower.ts'
import { KnownExchange } from './known-exchange.ts'
import { Last } from './last.ts'
import { Stories } from './stories.ts'

/** The rows that whoever comes is shown at first. */
const LAST = 200
/** So many rows a second are made for them. */
const LAST_A_SECOND = 50
/** The rows whose story can be asked for. */
const SHOWN = 500
/** What the questions to all followers may cost in a second, as `costOf` counts: about 40 ms. What a follower is not asked about counts as skipped. */
const COST_A_SECOND = 400_000

export class Rows {
  readonly #followers: Follower[] = []
  readonly #last = new Last<Entry>(LAST)
  readonly #shown = new Last<Entry>(SHOWN)
  readonly #known = new KnownExchange()
  readonly #stories: Stories
  #count = 0
  #made = 0

  constructor (server: ServerFacts, bytes: ClientBytes) {
    this.#stories = new Stories(server, request => {
      if (isForThePage(request)) return false
      const known = this.#known.begin(request, bytes.of(request.raw))
      return this.#followers.some(follower => follower.mayName(known))
    })
  }

  /** To be called once a second. */
  tick (): void {
    this.#made = 0
    for (const follower of this.#followers) follower.spent = 0
    this.#stories.tick()
  }

  /** An exchange is over, or its WebSocket is open. */
  told (ending: Ending): void {
    const isKept = this.#made < LAST_A_SECOND
    if (!isKept && this.#followers.length === 0) return
    const known = this.#known.set(ending)
    const steady = performance.now()
    let entry: Entry | null = null
    if (isKept) {
      this.#made++
      this.#last.push(entry = this.#entry(ending))
    }
    const share = COST_A_SECOND / this.#followers.length
    for (const follower of this.#followers) {
      if (follower.spent >= share) follower.skip()
      else if (follower.wants(known, steady)) follower.push(entry ??= this.#entry(ending))
    }
  }

  /** Of the exchange that is looked at. */
  #entry ({ request }: Ending): Entry {
    return entryOf(this.#known.row(String(++this.#count)), request, this.#stories.of(request))
  }

  follow (filter: string): Followed<ExchangesView> {
    const follower = new Follower(filter)
    follower.start(this.#last.members())
    this.#followers.push(follower)
    this.#stories.start()
    return {
      read: () => follower.read(this.#show),
      end: () => {
        const at = this.#followers.indexOf(follower)
        if (at >= 0) this.#followers.splice(at, 1)
        if (this.#followers.length === 0) this.#stories.stop()
      }
    }
  }

  get isFollowed (): boolean {
    return this.#followers.length > 0
  }

  story (id: string): Story | undefined {
    const entry = this.#shown.find(({ row }) => row.id === id)
    return entry === undefined ? undefined : storyOf(entry, this.#stories.hasPages)
  }

  storyPage (id: string): string | undefined {
    const told = this.#shown.find(({ row }) => row.id === id)?.told
    return told === null || told === undefined ? undefined : this.#stories.page(told)
  }

  end (): void {
    this.#followers.length = 0
    this.#stories.stop()
  }

  readonly #show = (entry: Entry): void => {
    if (entry.isShown) return
    entry.isShown = true
    this.#shown.push(entry)
  }
}
