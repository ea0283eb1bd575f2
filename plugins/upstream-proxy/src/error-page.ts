// What does a browser show when something went wrong? A short page with the error's own words, which hold nothing internal.
import { STATUS_CODES } from 'node:http'
import type { FastifyError } from 'fastify'

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
