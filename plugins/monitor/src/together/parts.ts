// What does this process give for a view of all workers? What it has itself, bounded as for a page of its own.
import type { FramesView, StreamViews } from '../messages/index.ts'
import type { GatheredParts } from '../gathering/gather.ts'
import type { SocketViews } from '../views/socket-views.ts'
import type { Followed, Views } from '../views/views.ts'

/** What there is to tell of this process. */
export interface Own {
  readonly views: Views
  readonly gathered: GatheredParts
  readonly evidence: SocketViews['evidence']
}

export interface PartReader {
  /** `news`: none may be lost on the way. */
  readonly tells: 'state' | 'news'
  readonly follow: (own: Own, question: never) => Followed<unknown>
}

export const PARTS: Readonly<Record<keyof StreamViews, PartReader>> = {
  now: state(({ gathered }) => gathered.now()),
  exchanges: { tells: 'news', follow: ({ views }, { filter }: { readonly filter: string }) => views.exchanges(filter) },
  webSockets: state(({ views }, question) => views.webSockets(question)),
  frames: { tells: 'news', follow: ({ views }, { id }: { readonly id: string }) => new FramesPart(views, id) },
  farms: state(({ views }) => views.farms()),
  sites: state(({ views }) => views.sites()),
  traces: state(({ views }) => views.traces()),
  findings: { tells: 'news', follow: evidenceOf }
}

function state (read: (own: Own, question: never) => unknown): PartReader {
  return { tells: 'state', follow: (own, question) => ({ read: () => read(own, question), end () {} }) }
}

function evidenceOf ({ evidence }: Own): Followed<unknown> {
  let seen = { ended: 0, refused: 0 }
  return {
    read () {
      const part = evidence(seen)
      seen = part.seen
      return part
    },
    end () {}
  }
}

/** A WebSocket that is here, or is not, or comes: it may move from worker to worker. Null where there is nothing to tell. */
class FramesPart implements Followed<FramesView | null> {
  readonly #views: Views
  readonly #id: string
  #followed: Followed<FramesView> | undefined

  constructor (views: Views, id: string) {
    this.#views = views
    this.#id = id
  }

  read (): FramesView | null {
    this.#followed ??= this.#views.frames(this.#id)
    const view = this.#followed?.read() ?? null
    if (view?.webSocket === null) this.end()
    return view
  }

  end (): void {
    this.#followed?.end()
    this.#followed = undefined
  }
}
