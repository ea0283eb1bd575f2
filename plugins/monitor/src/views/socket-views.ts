// What can be told of WebSockets, farms, sites, rules and traces? Read from the facts of the plugins that are there, when somebody asks.
import type { ServerFacts } from '@fastify-arr/facts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { find } from '../finding/find.ts'
import { EndedWebSockets, type Ended } from '../finding/records/ended.ts'
import { RefusedHandshakes, type Refused } from '../finding/records/refused.ts'
import type { FindingsView } from '../messages/index.ts'
import { explain, type Explainer } from './configuration/explain.ts'
import { RuleCounts } from './configuration/rule-counts.ts'
import { farms, sites } from './configuration/sites.ts'
import { tracePage, traces } from './configuration/traces.ts'
import type { Views } from './views.ts'
import { Census } from './web-sockets/census.ts'
import { followFrames } from './web-sockets/frames.ts'
import { matching } from './web-sockets/matching.ts'
import { webSockets } from './web-sockets/web-sockets.ts'

/** How long findings are kept, ms: they are looked for at most once in this time, however many look. */
const EVERY = 2_000

/** The most records that are told to another process at once: about 300 bytes each. */
const RECORDS = 1_000
/** Of the addresses with open WebSockets those with the most. */
const CLIENTS = 20

/** What another process is told for findings. */
export interface EvidencePart {
  readonly ended: readonly Ended[]
  readonly refused: readonly Refused[]
  readonly seen: { readonly ended: number, readonly refused: number }
  /** Addresses, and how many open WebSockets each has; and how many there are of all others. */
  readonly clients: ReadonlyArray<readonly [string, number]>
  readonly others: number
}

/** What is counted at the end of each exchange. */
export interface SocketCounts {
  readonly rules: RuleCounts
  readonly refused: RefusedHandshakes
}

export interface SocketViews extends Pick<Views, 'webSockets' | 'matching' | 'frames' | 'farms' | 'sites' | 'traces' | 'tracePage' | 'findings' | 'explain'> {
  /** What findings are drawn from, as far as it is of this process: what has come since `seen`. */
  evidence (seen: { readonly ended: number, readonly refused: number }): EvidencePart
  end (): void
}

type Server = FastifyInstance & Pick<ServerFacts, 'sites' | 'tunnels' | 'farms' | 'listeners' | 'traces'> & { readonly urlRewrite?: Explainer }

/** The views of a server. `now` in ms since the epoch. */
export function socketViews (fastify: FastifyInstance, { rules, refused }: SocketCounts, now: () => number = Date.now): SocketViews {
  const server = fastify as Server
  const census = new Census(() => server.tunnels, now)
  const ended = new EndedWebSockets(request => isOf(fastify, request), now)
  let last: { readonly at: number, readonly view: FindingsView } | null = null
  const clients = function * (): Generator<string> {
    for (const seen of census.spoken()) yield seen.words(census.find).client
  }
  return {
    webSockets: question => webSockets(census, question, now()),
    matching: filter => matching(server.tunnels, filter, now()),
    frames: id => followFrames(server.tunnels, id, now),
    farms: () => farms(server),
    sites: () => sites(server, rules, now()),
    traces: () => traces(server.traces),
    tracePage: key => tracePage(server.traces, key),
    findings () {
      const at = now()
      if (last === null || at - last.at >= EVERY || at < last.at) {
        const view = find({ now: at, ended: ended.all(), refused: refused.all(), clients: clients(), farms: farms(server).farms, certificates: sites(server, rules, at).certificates })
        last = { at, view }
      }
      return last.view
    },
    evidence (seen) {
      const [over, no] = [ended.after(seen.ended, RECORDS), refused.after(seen.refused, RECORDS)]
      const counts = new Map<string, number>()
      for (const client of clients()) counts.set(client, (counts.get(client) ?? 0) + 1)
      const most = [...counts].sort((one, other) => other[1] - one[1])
      const others = most.slice(CLIENTS).reduce((sum, [, count]) => sum + count, 0)
      return { ended: over.items, refused: no.items, seen: { ended: over.seen, refused: no.seen }, clients: most.slice(0, CLIENTS), others }
    },
    explain: async question => await explain(server.urlRewrite, server.sites, question),
    end () {
      ended.end()
      census.end()
    }
  }
}

/** True for a request of this server, by whichever scope and listener it came: channels tell of all servers of the process. */
function isOf (fastify: FastifyInstance, { server }: FastifyRequest): boolean {
  return server?.server === fastify.server
}
