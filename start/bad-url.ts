// What does a client get whose URL cannot be decoded? The answer of HTTP.sys. Fastify runs no hooks for such a request.
import type { FastifyReply, FastifyRequest } from 'fastify'

const PAGE = [
  '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">',
  '<HTML><HEAD><TITLE>Bad Request</TITLE>',
  '<META HTTP-EQUIV="Content-Type" Content="text/html; charset=us-ascii"></HEAD>',
  '<BODY><h2>Bad Request - Invalid URL</h2>',
  '<hr><p>HTTP Error 400. The request URL is invalid.</p>',
  '</BODY></HTML>',
  ''
].join('\r\n')

/** Fastify's `frameworkErrors`; the default answer has the code of Fastify's error, and the URL. */
export function refuseUrl (_error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  if (request.raw.httpVersionMajor === 1) reply.header('connection', 'close')
  reply.code(400).header('content-type', 'text/html; charset=us-ascii').send(PAGE)
}
