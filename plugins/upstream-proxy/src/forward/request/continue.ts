// Who says "100 Continue"? The upstream, for what is forwarded; this server, for its own routes, once they read the body.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Server as NetServer } from 'node:net'

/** How long the upstream is waited for to say 100, in ms: curl's own. */
export const CONTINUE_PATIENCE = 1000

const awaiting = new WeakSet<object>()

/** True where the client holds its body back until it is told to go on. */
export function awaitsContinue (request: IncomingMessage): boolean {
  return awaiting.has(request)
}

/**
 * Keeps Node from answering `Expect: 100-continue` at once, before anybody knows whether the body is wanted
 * (RFC 9110 §10.1.1). Whoever begins to read the body has the client told to go on: a route of the server's own
 * notices nothing, and a forwarded request reads when its upstream says so. Returns what takes it back.
 */
export function deferContinue (server: NetServer): () => void {
  // Somebody else decides here: their word stands.
  if (server.listenerCount('checkContinue') > 0) return () => {}
  server.on('checkContinue', onCheckContinue)
  return () => { server.off('checkContinue', onCheckContinue) }

  function onCheckContinue (request: IncomingMessage, response: ServerResponse): void {
    awaiting.add(request)
    request.on('newListener', function onReader (event: string) {
      if (event !== 'data' && event !== 'readable') return
      request.off('newListener', onReader)
      awaiting.delete(request)
      if (!response.headersSent) response.writeContinue()
    })
    ;(server as Server).emit('request', request, response)
  }
}
