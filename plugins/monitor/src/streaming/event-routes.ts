// How does a browser listen? It asks for `events?view=…`, and gets a response that does not end.
import type { FastifyInstance } from 'fastify'
import { ROUTE } from '../serving/route.ts'
import { readQuery } from './readers.ts'
import type { StreamResponse } from './stream.ts'
import type { Streams } from './streams.ts'

/** The route of the streams. */
export function eventRoutes (scope: FastifyInstance, streams: Streams): void {
  streams.outlive(scope.initialConfig.connectionTimeout ?? 0)
  scope.get('/events', ROUTE, (request, reply) => {
    // What passes hooks of the user's own server may be gathered there, by one that compresses for example: a stream does not pass them.
    const head = { ...reply.getHeaders(), 'content-type': 'text/event-stream' }
    if (request.method === 'HEAD') {
      reply.headers(head).send()
      return
    }
    const { raw } = reply as { raw: StreamResponse }
    const hasLeft = (): boolean => ('stream' in raw ? raw.stream : raw).destroyed
    if (hasLeft()) {
      // While it was asked whether it may listen: its `close` has passed.
      reply.hijack()
      return
    }
    return streams.open(readQuery(request), () => {
      reply.hijack()
      // While workers were asked.
      if (hasLeft()) return null
      if (request.raw.httpVersionMajor === 1) {
        // The server's limit for connections on which nothing passes; and at its close none is to be waited for.
        request.raw.socket.setTimeout(0);
        (head as Record<string, unknown>).connection = 'close'
      }
      raw.writeHead(200, head as Record<string, string>)
      return raw
    })
  })
}
