// What can be done from the page? Done to what the other plugins have put on the server; of each action it is told what was done.
import type { FarmHandle, FarmServerState, ServerFacts, Told } from '@fastify-arr/facts'
import { ActionsOffError, NotFoundError } from '../errors.ts'
import type { AllWorkers, DoneByAll } from '../views/all-workers.ts'
import type { Views } from '../views/views.ts'
import { CODE, FILTER, HEADERS, IDS, METHOD, NAME, oneOf, readBody, REASON, URL_OR_PATH } from './bodies.ts'

/** What was done: the answer, and a line for the log; null for what changes nothing. */
export interface Done {
  readonly answer: object
  readonly line: { readonly words: string, readonly facts: object } | null
}

/** The actions, by the paths below the page's own. */
export type Actions = Readonly<Record<ActionName, (body: unknown) => Done | Promise<Done>>>

export type ActionName = 'close' | 'close-matching' | 'farms/state' | 'farms/rebalance' | 'explain'

const STATE = oneOf<FarmServerState>('available', 'draining', 'unavailableGracefully', 'unavailableImmediately')

/**
 * `beside` is read at each action: the other plugins may come later. Without `allowed`, only `explain` does something. With `together`, what is
 * done here is done in all workers.
 */
export function actionsOf (beside: Told<ServerFacts>, views: Pick<Views, 'matching' | 'explain'>, allowed: boolean, together: () => AllWorkers | null = () => null): Actions {
  const changing = (action: (body: unknown) => Done | Promise<Done>) => (body: unknown): Done | Promise<Done> => {
    if (!allowed) throw new ActionsOffError()
    return action(body)
  }
  return {
    close: changing(body => {
      const { ids, code, reason } = readBody<{ ids: readonly string[], code: number, reason: string }>(body, { ids: IDS, code: CODE, reason: REASON })
      const all = together()
      return all === null ? close(ids, code, reason, { ids }) : closedByAll(all.close(ids, code, reason), { ids, code, reason })
    }),
    'close-matching': changing(body => {
      const { filter, code, reason } = readBody<{ filter: string, code: number, reason: string }>(body, { filter: FILTER, code: CODE, reason: REASON })
      const all = together()
      if (all !== null) return closedByAll(all.closeMatching(filter, code, reason), { filter, code, reason })
      // A list of its own: closing changes what there is.
      return close([...views.matching(filter)], code, reason, { filter })
    }),
    'farms/state': changing(body => {
      const { farm, server, state } = readBody<{ farm: string, server: string, state: FarmServerState }>(body, { farm: NAME, server: NAME, state: STATE })
      const handle = farmOf(farm)
      if (!handle.info.servers.some(({ name }) => name === server)) throw new NotFoundError(`The farm ${farm} has no server ${server}.`)
      const before = handle.info.servers.find(({ name }) => name === server)?.state
      // server-farm itself tells the other workers.
      handle.setState(server, state)
      return { answer: { farm, server, state }, line: { words: 'the state of a server was set', facts: { farm, server, before, state } } }
    }),
    'farms/rebalance': changing(body => {
      const { farm } = readBody<{ farm: string }>(body, { farm: NAME })
      const handle = farmOf(farm)
      const tunnels = handle.rebalance()
      return { answer: { farm, tunnels }, line: { words: 'the open WebSockets of a farm are evened out', facts: { farm, tunnels } } }
    }),
    async explain (body) {
      const question = readBody<{ method: string, url: string, headers: Readonly<Record<string, string>> }>(body, { method: METHOD, url: URL_OR_PATH, headers: HEADERS })
      const answer = await views.explain(question)
      if (answer === undefined) throw new NotFoundError('Nobody here can explain a request: that needs url-rewrite.')
      return { answer, line: null }
    }
  }

  async function closedByAll (closing: Promise<DoneByAll & { readonly closed: readonly string[] | number }>, asked: { readonly ids?: readonly string[], readonly filter?: string, readonly code: number, readonly reason: string }): Promise<Done> {
    const done = await closing
    const names = typeof done.closed === 'number' ? [] : done.closed
    const closed = typeof done.closed === 'number' ? done.closed : names.length
    const unknown = (asked.ids ?? []).filter(id => !names.includes(id))
    return { answer: { closed, unknown, ...silence(done) }, line: { words: 'WebSockets were closed', facts: { ...asked, closed, unknown: unknown.length, ...silence(done) } } }
  }

  function close (ids: readonly string[], code: number, reason: string, asked: object): Done {
    const unknown: string[] = []
    let closed = 0
    for (const id of ids) {
      const tunnel = beside.tunnels?.get?.(id)
      if (tunnel?.close === undefined) unknown.push(id)
      else {
        tunnel.close(code, reason)
        closed++
      }
    }
    return { answer: { closed, unknown }, line: { words: 'WebSockets were closed', facts: { ...asked, code, reason, closed, unknown: unknown.length } } }
  }

  function farmOf (name: string): FarmHandle {
    const { farms } = beside
    if (farms?.get?.(name) === undefined) throw new NotFoundError(`There is no farm ${name}.`)
    if (farms.farm === undefined) throw new NotFoundError('The farms of this server cannot be worked with from here.')
    return farms.farm(name) as FarmHandle
  }
}

/** Who has not answered may not have done it. */
function silence (done: DoneByAll): { readonly silent?: number } {
  return done.silent === 0 ? {} : { silent: done.silent }
}
