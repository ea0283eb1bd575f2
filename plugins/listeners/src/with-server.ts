// How do listeners open and close with the server? Before it listens, and before it is closed.

import type { FastifyInstance } from 'fastify'

/**
 * Opens before the server does. Fastify swallows what its onListen hooks throw, and its onReady hooks also run for `inject`: so this
 * stands in the one place that both succeeds with `fastify.listen()` and makes it fail.
 */
export function openWithServer ({ server }: FastifyInstance, openAll: () => Promise<unknown>, close: () => unknown): void {
  const listen = server.listen
  server.listen = function (this: typeof server, ...args: unknown[]) {
    openAll().then(() => {
      server.once('error', close)
      server.once('listening', () => server.off('error', close))
      Reflect.apply(listen, server, args)
    }, error => { process.nextTick(() => server.emit('error', error)) })
    return server
  } as typeof server.listen
}

/**
 * Lets the server be closed only when the listeners are: Fastify runs its onClose hooks then, and a request under way needs what
 * those take away. Its preClose hooks would be too early: they wait for each other, and who ends the tunnels may come later.
 */
export function waitWithServer ({ server }: FastifyInstance, stop: () => Promise<void>): void {
  const close = server.close
  server.close = function (this: typeof server, callback?: (error?: Error) => void) {
    const stopped = stop().catch(() => {})
    return Reflect.apply(close, server, [(error?: Error) => { stopped.then(() => callback?.(error)) }])
  } as typeof server.close
}
