// How do listeners open and close with the server? They open before it listens and close before its `close` finishes.

import type { FastifyInstance } from 'fastify'

/**
 * Wraps `server.listen`, so that the listeners open first and their failure makes `fastify.listen()` fail. Hooks cannot do this: Fastify
 * ignores errors of onListen hooks, and runs onReady hooks for `inject` as well.
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
 * Wraps `server.close`, so that it finishes only once the listeners are closed: Fastify then runs its onClose hooks, and pending requests
 * need what those release. A preClose hook cannot wait for this: preClose hooks run one after another, and the hook that ends the tunnels
 * may come later.
 */
export function waitWithServer ({ server }: FastifyInstance, stop: () => Promise<void>): void {
  const close = server.close
  server.close = function (this: typeof server, callback?: (error?: Error) => void) {
    const stopped = stop().catch(() => {})
    return Reflect.apply(close, server, [(error?: Error) => { stopped.then(() => callback?.(error)) }])
  } as typeof server.close
}
