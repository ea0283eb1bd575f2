// May this client open a WebSocket? `wsServerOptions.verifyClient` of `ws` is asked before the upstream is.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { FastifyReply, FastifyRequest } from 'fastify'

type Verdict = (verified: boolean, code?: number, message?: string, headers?: IncomingHttpHeaders) => void
/** As in `ws`: it returns the verdict, or, with two parameters, passes it to the second. */
export type VerifyClient = (info: { origin: string | undefined, secure: boolean, req: IncomingMessage }, verdict: Verdict) => unknown

/** Calls `go` where the client may go on, and answers it otherwise. */
export function verify (verifyClient: VerifyClient, request: FastifyRequest, reply: FastifyReply, go: () => void): void {
  const { raw } = request
  const info = { origin: raw.headers.origin, secure: (raw.socket as TLSSocket).encrypted, req: raw }
  let isSaid = false
  const verdict: Verdict = (verified, code = 401, message = '', headers = {}) => {
    if (isSaid) return
    isSaid = true
    if (verified) go()
    else reply.code(code).headers(headers).send(message)
  }
  if (verifyClient.length === 2) verifyClient(info, verdict)
  else verdict(Boolean(verifyClient(info, verdict)))
}
