// What does a browser show after an error? A short page with the error's message, which contains nothing internal.
import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance } from 'fastify'
import { isOurs } from '../errors.ts'
import { hasErrorHandler } from './answer-way.ts'

/** By it error-pages knows that nobody has written the page: the value is the status. */
const STOCK_PAGE = Symbol.for('fastify-arr.stock-page')

/** The page; null where the client does not accept HTML. */
export function errorPage ({ statusCode = 500, message }: FastifyError, accept: string | undefined): string | null {
  if (accept === undefined || !accept.includes('text/html')) return null
  const title = STATUS_CODES[statusCode] ?? 'Error'
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${statusCode} ${title}</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1rem}</style>
<main>
<h1>${statusCode} ${title}</h1>
<p>${message}.</p>
</main>
</html>
`
}

/** Errors that Fastify answers look like those of the forwarder. An error handler of the user's takes precedence, also one that is set on `parent` later. */
export function answerBrowsers (scope: FastifyInstance, parent: FastifyInstance): void {
  if (hasErrorHandler(scope)) return
  scope.setErrorHandler((error, request, reply) => {
    if (hasErrorHandler(parent)) return parent.errorHandler(error as FastifyError, request, reply)
    const page = isOurs(error) ? errorPage(error, request.raw.headers.accept) : null
    if (isOurs(error)) reply.header('cache-control', 'no-store')
    // Passed on to Fastify's default handler.
    if (page === null) throw error
    const status = (error as FastifyError).statusCode ?? 500
    ;(request as { [STOCK_PAGE]?: number })[STOCK_PAGE] = status
    reply.code(status).type('text/html; charset=utf-8').send(page)
  })
}
