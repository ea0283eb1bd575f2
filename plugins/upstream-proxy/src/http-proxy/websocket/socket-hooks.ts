// Who is told of a WebSocket's begin and end? `wsHooks.onConnect` and `onDisconnect`, with stand-ins for the two sockets of `ws`.
import { channel } from 'node:diagnostics_channel'
import { CHANNELS, type TunnelMessage } from '@fastify-arr/facts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { SocketOptions } from '../options/peer-options.ts'

const OPEN = channel(CHANNELS.tunnelOpen)
const CLOSE = channel(CHANNELS.tunnelClose)

/** Calls the hooks for the tunnels of requests for which `isOwn` holds, until the server closes. */
export function callHooks (fastify: FastifyInstance, { onConnect, onDisconnect }: NonNullable<SocketOptions['wsHooks']>, isOwn: (request: FastifyRequest) => boolean): void {
  const context = { log: fastify.log }
  const opened = (message: unknown) => {
    tell('onConnect', message, (source, target) => onConnect?.(context, source, target))
  }
  const closed = (message: unknown) => {
    tell('onDisconnect', message, source => onDisconnect?.(context, source))
  }
  if (onConnect !== undefined) OPEN.subscribe(opened)
  if (onDisconnect !== undefined) CLOSE.subscribe(closed)
  fastify.addHook('onClose', async () => {
    OPEN.unsubscribe(opened)
    CLOSE.unsubscribe(closed)
  })

  function tell (name: string, message: unknown, hook: (source: object, target: object) => void): void {
    const { request, tunnel } = message as TunnelMessage
    if (!isOwn(request as FastifyRequest)) return
    const end = standIn({
      protocol: tunnel.subprotocol ?? '',
      extensions: tunnel.extensions ?? '',
      close: (code?: number, reason?: string) => { fastify.tunnels.get(tunnel.id)?.close(code, reason) },
      terminate: () => { fastify.tunnels.get(tunnel.id)?.close() }
    })
    try {
      hook(end, end)
    } catch (err) {
      fastify.log.error({ err }, `proxy ws error from ${name} hook`)
    }
  }
}

/** One end of a tunnel. What a socket of `ws` could do besides is an error that says why, instead of one that says nothing. */
function standIn (known: Record<string, unknown>): object {
  return new Proxy(known, {
    get (target, key) {
      if (typeof key === 'symbol' || key === 'then' || key === 'toJSON' || Object.hasOwn(target, key)) return target[key as string]
      throw new TypeError(`\`${key}\` is not there: @fastify-arr/upstream-proxy passes messages unread, so a hook can close a WebSocket, and cannot send or read`)
    }
  })
}
