// How is an answer written? As bytes, which a serializer of the user's own server leaves alone; an error as a page for a browser's address bar.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { setHeaders } from './headers.ts'

/** Answers with JSON. */
export function sendJson (reply: FastifyReply, value: unknown): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(Buffer.from(JSON.stringify(value)))
}

/** What is answered to an error of this scope, whatever the user's own server answers. Nothing internal is told. */
export function answerErrors (scope: FastifyInstance): void {
  scope.setErrorHandler<Error & { statusCode?: number, code?: string }>((error, request, reply) => {
    const { statusCode = 500, code = 'FST_ARR_MONITOR_FAILED' } = error
    const isOurs = statusCode >= 400 && statusCode < 500
    if (!isOurs && statusCode !== 503) request.log.error({ err: error }, 'monitor: a request could not be answered')
    const message = isOurs || statusCode === 503 ? error.message : 'The request could not be answered. The log of the server has more.'
    const status = isOurs || statusCode === 503 ? statusCode : 500
    setHeaders(reply)
    reply.code(status)
    if (status === 401) reply.header('www-authenticate', 'Bearer realm="monitor"')
    if (status === 429 || status === 503) reply.header('retry-after', '5')
    return wantsPage(request) ? reply.type('text/html; charset=utf-8').send(Buffer.from(pageOf(status, message))) : sendJson(reply, { statusCode: status, code, message })
  })
}

function wantsPage ({ method, headers }: FastifyRequest): boolean {
  return (method === 'GET' || method === 'HEAD') && headers.accept?.includes('text/html') === true
}

// The policy of the page lets no style in that is not a file, and files are for those who may see the page.
function pageOf (status: number, message: string): string {
  const text = message.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`).replace(/`([^`]*)`/g, '<code>$1</code>')
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>Monitor: ${status}</title></head>
<body><main><h1>Monitor</h1><p>${text}</p></main></body>
</html>
`
}
