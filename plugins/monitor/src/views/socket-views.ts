// What can be told of WebSockets, farms, sites, rules and traces? Read from the facts of the plugins that are there, when somebody asks.
import type { ServerFacts } from '@fastify-arr/facts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { find } from '../finding/find.ts'
import { EndedWebSockets } from '../finding/records/ended.ts'
import { RefusedHandshakes } from '../finding/records/refused.ts'
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

/** What is counted at the end of each exchange. */
export interface SocketCounts {
  readonly rules: RuleCounts
  readonly refused: RefusedHandshakes
}

export interface SocketViews extends Pick<Views, 'webSockets' | 'matching' | 'frames' | 'farms' | 'sites' | 'traces' | 'tracePage' | 'findings' | 'explain'> {
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
