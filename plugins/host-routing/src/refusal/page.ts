// What does a client get whose request reaches no site? The page of HTTP.sys, without headers of the proxy's own.

import type { ServerResponse } from 'node:http'
import type { SiteRejection } from '@fastify-arr/facts'

const PAGES: Record<SiteRejection, Buffer> = {
  Hostname: page('Bad Request - Invalid Hostname', 'The request hostname is invalid.'),
  BadRequest: page('Bad Request', 'The request is badly formed.')
}

/**
 * Answers 400 as HTTP.sys does for a host it does not know: the same bytes but for `Server`, which would name a product that this is not.
 * The connection closes, so that the bytes that follow are not read as another request; on HTTP/2 streams are separate, and it stays open.
 */
export function refuse (response: ServerResponse, http2: boolean, reason: SiteRejection): void {
  const body = PAGES[reason]
  const close = http2 ? {} : { Connection: 'close' }
  response.writeHead(400, { 'Content-Type': 'text/html; charset=us-ascii', Date: new Date().toUTCString(), ...close, 'Content-Length': body.length })
  response.end(body)
}

function page (heading: string, explanation: string): Buffer {
  return Buffer.from([
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">',
    '<HTML><HEAD><TITLE>Bad Request</TITLE>',
    '<META HTTP-EQUIV="Content-Type" Content="text/html; charset=us-ascii"></HEAD>',
    `<BODY><h2>${heading}</h2>`,
    `<hr><p>HTTP Error 400. ${explanation}</p>`,
    '</BODY></HTML>',
    ''
  ].join('\r\n'), 'ascii')
}
