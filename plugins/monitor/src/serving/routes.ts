// What is answered where? All that there is below the page's path.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { actionRoutes } from '../acting/action-routes.ts'
import type { Actions } from '../acting/actions.ts'
import { NotFoundError } from '../errors.ts'
import { guard, type Guarded } from '../guarding/guard.ts'
import type { Tries } from '../guarding/tries.ts'
import { eventRoutes } from '../streaming/event-routes.ts'
import type { Streams } from '../streaming/streams.ts'
import type { AllWorkers } from '../views/all-workers.ts'
import type { Views } from '../views/views.ts'
import { answerErrors } from './answers.ts'
import { setHeaders } from './headers.ts'
import type { PageFiles } from './page-files.ts'
import { pageRoutes } from './page-routes.ts'
import { questionRoutes } from './questions.ts'
import { ROUTE } from './route.ts'

/** What is served, at as many places as there are. */
export interface Served {
  readonly views: Views
  /** The workers, where there are several. */
  readonly together: () => AllWorkers | null
  readonly page: PageFiles
  readonly streams: Streams
  readonly actions: Actions
  readonly guarded: Guarded
  readonly tries: Tries
  /** Is told of each action that has changed something. */
  readonly acted: (request: FastifyRequest, words: string, facts: object) => void
}

/** The routes, in a scope of their own whose prefix is the page's path. */
export async function routes (scope: FastifyInstance, { views, together, page, streams, actions, guarded, tries, acted }: Served): Promise<void> {
  answerErrors(scope)
  scope.addHook('onRequest', (request, reply, done) => {
    setHeaders(reply)
    // The next connection reaches a worker that stays.
    if (request.raw.httpVersionMajor === 1 && together()?.isLeaving === true) reply.raw.shouldKeepAlive = false
    done()
  })
  guard(scope, guarded, tries, scope.prefix)
  pageRoutes(scope, page)
  questionRoutes(scope, views, together)
  eventRoutes(scope, streams)
  actionRoutes(scope, actions, acted)
  // Of its own: a proxy of the same server would get the rest.
  scope.route({ ...ROUTE, exposeHeadRoute: false, method: scope.supportedMethods, url: '/*', handler: () => { throw new NotFoundError('There is nothing at this path.') } })
}
