// What does the page ask once? A story, a trace, the charts. Asking changes nothing.
import type { FastifyInstance } from 'fastify'
import { NotFoundError } from '../errors.ts'
import { idOf, readQuery } from '../streaming/readers.ts'
import type { Views } from '../views/views.ts'
import { sendJson } from './answers.ts'
import { setFramedHeaders } from './headers.ts'
import { ROUTE } from './route.ts'

// `W3SVC1/fr000001`, or its second half.
const KEY = /^(?:[\w.-]{1,64}\/)?[\w.-]{1,64}$/

/** The routes of the questions. */
export function questionRoutes (scope: FastifyInstance, views: Views): void {
  scope.get('/history', ROUTE, (_request, reply) => sendJson(reply, views.history()))

  scope.get('/story', ROUTE, (request, reply) => {
    const story = views.story(idOf(readQuery(request)))
    if (story === undefined) throw new NotFoundError('This exchange is no longer known.')
    return sendJson(reply, story)
  })

  scope.get<{ Params: { '*': string } }>('/stories/*', ROUTE, (request, reply) => {
    const id = /^([\w.:-]{1,64})\.html$/.exec(request.params['*'])?.[1]
    const page = id === undefined ? undefined : views.storyPage(id)
    if (page === undefined) throw new NotFoundError('There is no such story, or it is no longer kept.')
    setFramedHeaders(reply)
    return reply.type('text/html; charset=utf-8').send(Buffer.from(page))
  })

  scope.get<{ Params: { '*': string } }>('/traces/*', ROUTE, (request, reply) => {
    const key = /^(.+)\.html$/.exec(request.params['*'])?.[1]
    const page = key === undefined || !KEY.test(key) ? undefined : views.tracePage(key)
    if (page === undefined) throw new NotFoundError('There is no such trace, or it is no longer kept.')
    setFramedHeaders(reply)
    return reply.type('text/html; charset=utf-8').send(Buffer.from(page))
  })
}
