// What is gathered of a server? Its exchanges, counted and shown, from hooks and channels, with one timer.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { CHANNELS, type ServerFacts, type TunnelOpened } from '@fastify-arr/facts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { NowView } from '../messages/index.ts'
import type { Views } from '../views/views.ts'
import type { SocketCounts } from '../views/socket-views.ts'
import { ClientBytes } from './client-bytes.ts'
import { countEnding } from './count-ending.ts'
import { Exchanges } from './exchanges.ts'
import { carrierOf } from './moving.ts'
import { RecentCounts } from './recent-counts.ts'
import { countRefusals } from './refusals.ts'
import { Rows } from './rows/rows.ts'
import { Timeline, type ChartPart, type HistoryPart } from './timeline.ts'

/** How long after a question somebody still looks, ms. */
const LOOKS = 5_000
/** Seconds that are told to other processes, whose last one may be another one. */
const LATEST = 3
/** A timer may come a little early. */
const LATE = 5

export type GatheredViews = Pick<Views, 'now' | 'history' | 'exchanges' | 'story' | 'storyPage'>

/** What `now` is made of in one process. */
export interface NowPart {
  readonly last: ChartPart
  readonly inFlight: number
  readonly errors: NowView['errors']
  readonly closes: NowView['closes']
}

export interface GatheredParts {
  /** From now on what is added up is kept: nobody pays for it who is alone. */
  keep (): void
  now (): NowPart
  history (): HistoryPart
}

export interface Gathered {
  readonly views: GatheredViews
  /** What is added up with that of other processes. */
  readonly parts: GatheredParts
  /** Ends the timer, and what is listened to. */
  end (): void
}

const RESPONSE = Symbol('the response of a request, for the monitor')
type Counted = FastifyRequest['raw'] & { [RESPONSE]?: FastifyReply['raw'] }

/** To be called before other hooks are added: a request that an earlier hook answers would not be seen. */
export function gather (fastify: FastifyInstance & ServerFacts, counts: SocketCounts): Gathered {
  const timeline = new Timeline(Date.now(), performance.now())
  const errors = new RecentCounts(performance.now())
  const closes = new RecentCounts(performance.now())
  const bytes = new ClientBytes()
  const rows = new Rows(fastify, bytes)
  const exchanges = new Exchanges({
    timeline,
    errors,
    closes,
    bytes,
    tell (ending) {
      countEnding(counts, ending)
      rows.told(ending)
    }
  })
  let lookedAt = -Infinity

  fastify.addHook('onRequest', function gatherRequest (request, reply, done) {
    (request.raw as Counted)[RESPONSE] = reply.raw
    exchanges.begin(request, reply)
    done()
  })
  const carrier = carrierOf(exchanges, request => (request.raw as Counted)[RESPONSE])
  fastify.addHook('onReady', async () => { fastify.tunnels?.carry?.(carrier) })
  const onOpen = (message: unknown): void => { exchanges.opened((((message as TunnelOpened).request).raw as Counted)[RESPONSE], message as TunnelOpened) }
  subscribe(CHANNELS.tunnelOpen, onOpen)
  const stopRefusals = countRefusals(fastify.server, timeline, errors)

  const close = (): void => {
    const steady = performance.now()
    const isOfBefore = bytes.look(rows.isFollowed || steady - lookedAt < LOOKS)
    if (isOfBefore) timeline.addBefore(bytes.received, bytes.sent)
    else {
      timeline.now.received += bytes.received
      timeline.now.sent += bytes.sent
    }
    bytes.received = bytes.sent = 0
    timeline.tick(Date.now(), steady, fastify.tunnels?.size ?? 0)
    errors.tick(steady)
    closes.tick(steady)
    rows.tick()
  }
  let timer: NodeJS.Timeout
  const next = (): void => {
    timer = setTimeout(() => {
      close()
      next()
    }, 1000 - Date.now() % 1000 + LATE).unref()
  }
  next()

  return {
    views: {
      now () {
        lookedAt = performance.now()
        return { point: timeline.last, inFlight: exchanges.open, errors: errors.top(), closes: closes.top() }
      },
      history () {
        lookedAt = performance.now()
        return timeline.history
      },
      exchanges: filter => rows.follow(filter),
      story: id => rows.story(id),
      storyPage: id => rows.storyPage(id)
    },
    parts: {
      keep: () => { timeline.keepTimes() },
      now () {
        lookedAt = performance.now()
        return { last: timeline.latest(LATEST), inFlight: exchanges.open, errors: errors.all(), closes: closes.all() }
      },
      history () {
        lookedAt = performance.now()
        return timeline.parts
      }
    },
    end () {
      clearTimeout(timer)
      unsubscribe(CHANNELS.tunnelOpen, onOpen)
      stopRefusals()
      rows.end()
    }
  }
}
