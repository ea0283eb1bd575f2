// What is answered where? The page, its files, and a stream of what happens.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import type { StreamViews, WebSocketOrder } from '../messages/index.ts'
import type { Followed, Views } from '../views/views.ts'
import { LIBRARIES, PAGE } from './files.ts'

type Query = Readonly<Record<string, string | undefined>>
type Reader = { readonly every: number, readonly follow: (views: Views, query: Query) => Followed<unknown> | undefined }

const read = (every: number, value: (views: Views, query: Query) => unknown): Reader => ({ every, follow: (views, query) => ({ read: () => value(views, query), end () {} }) })

/** How often each view is told, ms. */
const READERS: Readonly<Record<keyof StreamViews, Reader>> = {
  now: read(1000, views => views.now()),
  exchanges: { every: 500, follow: (views, { filter = '' }) => views.exchanges(filter) },
  webSockets: read(1000, (views, { filter = '', sort = 'since', descending, limit }) => views.webSockets({ filter, sort: sort as WebSocketOrder, descending: descending === 'true', limit: Number(limit ?? 100) })),
  frames: { every: 250, follow: (views, { id = '' }) => views.frames(id) },
  farms: read(1000, views => views.farms()),
  sites: read(2000, views => views.sites()),
  traces: read(2000, views => views.traces()),
  findings: read(2000, views => views.findings())
}

/** The routes, below the scope's own path. */
export async function routes (fastify: FastifyInstance, { views }: { readonly views: Views }): Promise<void> {
  fastify.get('/', async (_request, reply) => reply.type('text/html; charset=utf-8').send(await readFile(join(PAGE, 'index.html'))))
  await fastify.register(fastifyStatic, { root: PAGE, prefix: '/page/', index: false })
  fastify.get<{ Params: { name: string } }>('/vendor/:name', async ({ params: { name } }, reply) => {
    const library = Object.hasOwn(LIBRARIES, name) ? LIBRARIES[name] : undefined
    return library === undefined ? reply.callNotFound() : reply.type(library.type).send(library.content())
  })
  fastify.get('/history', async () => views.history())
  fastify.get<{ Querystring: Query & { view?: string } }>('/events', (request, reply) => {
    const name = request.query.view ?? ''
    const reader = Object.hasOwn(READERS, name) ? READERS[name as keyof StreamViews] : undefined
    const followed = reader?.follow(views, request.query)
    if (reader === undefined || followed === undefined) {
      reply.callNotFound()
      return
    }
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    const tell = (event: string, value: unknown): void => { reply.raw.write(`event: ${event}\ndata: ${JSON.stringify(value)}\n\n`) }
    tell('hello', views.hello())
    tell(name, followed.read())
    const timer = setInterval(() => { tell(name, followed.read()) }, reader.every).unref()
    reply.raw.on('close', () => {
      clearInterval(timer)
      followed.end()
    })
  })
}
