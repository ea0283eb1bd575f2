// What does the page ask once? A story, a trace, the charts. Asking changes nothing.
import type { FastifyInstance } from 'fastify'
import { NotFoundError } from '../errors.ts'
import { idOf, readQuery } from '../streaming/readers.ts'
import type { AllWorkers } from '../views/all-workers.ts'
import type { Views } from '../views/views.ts'
import { sendJson } from './answers.ts'
import { setFramedHeaders } from './headers.ts'
import { ROUTE } from './route.ts'

// `W3SVC1/fr000001`, or its second half.
const KEY = /^(?:[\w.-]{1,64}\/)?[\w.-]{1,64}$/

/** The routes of the questions. */
export function questionRoutes (scope: FastifyInstance, views: Views, together: () => AllWorkers | null): void {
  scope.get('/history', ROUTE, async (_request, reply) => sendJson(reply, await (together() ?? views).history()))

  scope.get('/story', ROUTE, async (request, reply) => {
    const story = await (together() ?? views).story(idOf(readQuery(request)))
    if (story === undefined) throw new NotFoundError('This exchange is no longer known.')
    return sendJson(reply, story)
  })

  scope.get<{ Params: { '*': string } }>('/stories/*', ROUTE, async (request, reply) => {
    const id = /^([\w.:-]{1,64})\.html$/.exec(request.params['*'])?.[1]
    const page = id === undefined ? undefined : await (together() ?? views).storyPage(id)
    if (page === undefined) throw new NotFoundError('There is no such story, or it is no longer kept.')
    setFramedHeaders(reply)
    return reply.type('text/html; charset=utf-8').send(Buffer.from(page))
  })

  scope.get<{ Params: { '*': string } }>('/traces/*', ROUTE, async (request, reply) => {
    const key = /^(.+)\.html$/.exec(request.params['*'])?.[1]
    const page = key === undefined || !KEY.test(key) ? undefined : await pageOf(key, readQuery(request).get('worker'))
    if (page === undefined) throw new NotFoundError('There is no such trace, or it is no longer kept.')
    setFramedHeaders(reply)
    return reply.type('text/html; charset=utf-8').send(Buffer.from(page))
  })

  /** `worker` is a process id: two workers may have traces with the same number. */
  async function pageOf (key: string, worker: string | null): Promise<string | undefined> {
    const all = together()
    return all === null ? views.tracePage(key) : await all.tracePage(key, worker !== null && /^\d{1,10}$/.test(worker) ? Number(worker) : null)
  }
}
