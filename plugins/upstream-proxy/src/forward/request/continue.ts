// Who sends "100 Continue"? The upstream, for forwarded requests; this server, for its own routes, when they begin to read the body.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Server as NetServer } from 'node:net'

/** How long the upstream is waited for to say 100, in ms: curl's own. */
export const CONTINUE_PATIENCE = 1000

const awaiting = new WeakSet<object>()

/** True where the client sends its body only after 100 Continue. */
export function awaitsContinue (request: IncomingMessage): boolean {
  return awaiting.has(request)
}

/**
 * Prevents Node from answering `Expect: 100-continue` at once, before it is known whether the body is wanted
 * (RFC 9110 §10.1.1). 100 Continue is sent when something begins to read the body: nothing changes for the server's
 * own routes, and a forwarded request is read when its upstream sends 100. Returns a function that undoes this.
 */
export function deferContinue (server: NetServer): () => void {
  // The server already has a listener of its own that decides: it stays in charge.
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
