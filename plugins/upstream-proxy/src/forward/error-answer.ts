// What does a client read when something went wrong? A short page in a browser, JSON elsewhere; nothing internal in either.
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import { ERRORS, type ErrorName } from '../errors.ts'

/** Answers with an error of ours. The head must not have been sent. */
export function answerError (request: IncomingMessage, response: ServerResponse, name: ErrorName): void {
  const error = new ERRORS[name]()
  const status = error.statusCode ?? 502
  const title = STATUS_CODES[status] ?? 'Error'
  const html = wantsPage(request.headers.accept)
  const body = html
    ? page(status, title, error.message)
    : JSON.stringify({ statusCode: status, code: error.code, error: title, message: error.message })
  response.writeHead(status, {
    'content-type': html ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store'
  })
  response.end(request.method === 'HEAD' ? undefined : body)
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
