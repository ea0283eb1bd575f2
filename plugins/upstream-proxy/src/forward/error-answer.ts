// What does a client read when something went wrong? A short page in a browser, JSON elsewhere; nothing internal in either.
import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ERRORS, type ErrorName } from '../errors.ts'
import { clientHeaders, http2Headers } from './answer-headers.ts'

/** Answers with an error of ours. The head must not have been sent. */
export function answerError (request: FastifyRequest, reply: FastifyReply, name: ErrorName): void {
  const error = new ERRORS[name]()
  const status = error.statusCode ?? 502
  const title = STATUS_CODES[status] ?? 'Error'
  const html = wantsPage(request.raw.headers.accept)
  const body = html
    ? page(status, title, error.message)
    : JSON.stringify({ statusCode: status, code: error.code, error: title, message: error.message })
  // With what other plugins have to say, so that a page of another origin may read of the error.
  const headers = clientHeaders({
    headers: [
      'Content-Type', html ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
      'Content-Length', String(Buffer.byteLength(body)),
      'Cache-Control', 'no-store'
    ]
  }, reply)
  const response: ServerResponse | Http2ServerResponse = reply.raw
  if ('stream' in response) response.writeHead(status, http2Headers(headers))
  else response.writeHead(status, title, headers)
  reply.raw.end(request.raw.method === 'HEAD' ? undefined : body)
}

function wantsPage (accept: string | undefined): boolean {
  return accept !== undefined && accept.includes('text/html')
}

function page (status: number, title: string, message: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${status} ${title}</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1rem}</style>
<h1>${status} ${title}</h1>
<p>${message}.</p>
</html>
`
}
