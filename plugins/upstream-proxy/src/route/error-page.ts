// What does a browser show when something went wrong? A short page with the error's own words, which hold nothing internal.
import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance } from 'fastify'
import { isOurs } from '../errors.ts'

/** The page; null for a client that did not ask for one. */
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
<h1>${statusCode} ${title}</h1>
<p>${message}.</p>
</html>
`
}

/** Refusals that are still Fastify's to answer look in a browser like those of the forwarder; where the user has an error handler, it has the word. */
export function answerBrowsers (scope: FastifyInstance): void {
  // Fastify has no other way to tell its own handler: those of users come out as bound functions.
  if (scope.errorHandler.name !== 'defaultErrorHandler') return
  scope.setErrorHandler((error, request, reply) => {
    const page = isOurs(error) ? errorPage(error, request.raw.headers.accept) : null
    // On to Fastify's own.
    if (page === null) throw error
    reply.code((error as FastifyError).statusCode ?? 500).type('text/html; charset=utf-8').header('cache-control', 'no-store').send(page)
  })
}
