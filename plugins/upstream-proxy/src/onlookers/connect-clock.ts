// How long does it take to open a connection to an upstream? Measured only where somebody wants to know.
import { channel } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { CHANNELS, type ConnectTimes } from '@fastify-arr/facts'

const SENT = channel(CHANNELS.attemptSent)
const TIMES = Symbol('connect times')

type Timed = Socket & { [TIMES]?: ConnectTimes }

/** Times a socket that has just begun to connect. Must be called before anybody else listens to it: the first listener of 'connect' may already tell. */
export function timeConnect (socket: Socket): void {
  if (!SENT.hasSubscribers) return
  const began = performance.now()
  const times: { -readonly [Name in keyof ConnectTimes]: ConnectTimes[Name] } = { lookup: null, connect: null, secure: null }
  ;(socket as Timed)[TIMES] = times
  socket.once('lookup', () => { times.lookup = performance.now() - began })
  socket.once('connect', () => { times.connect = performance.now() - began })
  if ('encrypted' in socket) socket.once('secureConnect', () => { times.secure = performance.now() - began })
}

/** Null where the socket was not timed. */
export function connectTimes (socket: Timed): ConnectTimes | null {
  return socket[TIMES] ?? null
}
