// Where are the page and its files? They are kept in memory, and a browser that has them is told so.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { NotFoundError } from '../errors.ts'
import type { PageFile, PageFiles } from './page-files.ts'
import { ROUTE } from './route.ts'

/** The page at `/`, its files below `/page/` and `/vendor/`. */
export function pageRoutes (scope: FastifyInstance, { index, files }: PageFiles): void {
  scope.get('/', ROUTE, (request, reply) => send(request, reply, index))
  for (const folder of ['page', 'vendor']) {
    scope.get<{ Params: { '*': string } }>(`/${folder}/*`, ROUTE, (request, reply) => {
      const file = files.get(`${folder}/${request.params['*']}`)
      if (file === undefined) throw new NotFoundError('There is no such file.')
      return send(request, reply, file)
    })
  }
}

function send (request: FastifyRequest, reply: FastifyReply, { type, content, etag }: PageFile): FastifyReply {
  reply.header('cache-control', 'private, no-cache').header('etag', etag)
  const known = request.headers['if-none-match']
  if (known !== undefined && known.split(',').some(one => one.trim().replace(/^W\//, '') === etag)) return reply.code(304).send()
  return reply.type(type).send(content)
}
