// How is an origin reached? By a plain, TLS or unix socket, with one time limit for the whole connection setup.
import { AsyncLocalStorage } from 'node:async_hooks'
import { connect as connectTcp, type IpcSocketConnectOpts, type OnReadOpts, type Socket, type SocketConstructorOpts, type TcpSocketConnectOpts } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { nameOf, type ErrorName } from '../errors.ts'
import { timeConnect } from '../onlookers/connect-clock.ts'
import type { Origin } from '../route/target.ts'
import { countShortage } from './shortage.ts'

/** The TLS options for upstreams, with the names of `node:tls`. */
export type UpstreamTls = Pick<ConnectionOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'pfx' | 'servername' | 'rejectUnauthorized' | 'minVersion' | 'ciphers'>

/** How origins are dialled; fixed at registration. */
export interface DialSettings {
  /** For the connection, TLS included, in ms; 0 for no limit. */
  readonly connectTimeout: number
  /** Time without traffic before TCP keep-alive probes start, in ms; 0 switches them off. */
  readonly keepAlive: number
  readonly tls: UpstreamTls
}

/** Called once: null when the connection is established (TLS verified), or what went wrong. */
export type Dialled = (failure: { name: ErrorName, cause: unknown } | null) => void

// High-water mark of the socket's write buffer, in bytes: more than two reads, so that a write that is flushed at once does not pause its source.
const WAITING = 131_072
// A connection serves the requests of many clients: what it emits must not run in the AsyncLocalStorage of the request that it was opened for, nor keep that.
const outside = AsyncLocalStorage.snapshot()
const IP = /^[\d.]+$|:/

/**
 * Dials. The socket can be written to at once. It has an error listener until `dialled` returns; the caller must have added its own
 * by then. To give up, destroy the socket: `dialled` is then not called.
 * With `onread` the socket reads into the caller's buffer instead of emitting 'data'.
 */
export function dial (origin: Origin, settings: DialSettings, dialled: Dialled, onread?: OnReadOpts): Socket {
  const socket = outside(open, origin, settings, onread)
  timeConnect(socket)
  const timer = settings.connectTimeout > 0
    ? setTimeout(() => settle({ name: 'ConnectTimeout', cause: null }), settings.connectTimeout).unref()
    : undefined
  const connected = origin.secure ? 'secureConnect' : 'connect'
  const onConnect = () => settle(null)
  const onError = (cause: unknown) => settle({ name: nameOf(cause), cause })
  const onClose = () => {
    clearTimeout(timer)
    socket.removeListener(connected, onConnect)
  }
  socket.on(connected, onConnect)
  socket.on('error', onError)
  socket.on('close', onClose)
  return socket

  function settle (failure: { name: ErrorName, cause: unknown } | null): void {
    onClose()
    socket.removeListener('close', onClose)
    if (failure !== null) {
      countShortage(failure.cause)
      socket.on('error', noop)
      socket.destroy()
    }
    dialled(failure)
    socket.removeListener('error', onError)
  }
}

function open (origin: Origin, settings: DialSettings, onread: OnReadOpts | undefined): Socket {
  const options: Partial<TcpSocketConnectOpts & IpcSocketConnectOpts & SocketConstructorOpts> & { writableHighWaterMark: number } = {
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: settings.keepAlive > 0,
    keepAliveInitialDelay: settings.keepAlive,
    writableHighWaterMark: WAITING
  }
  if (onread !== undefined) options.onread = onread
  if (origin.socketPath === null) {
    options.host = origin.hostname
    options.port = origin.port
  } else {
    options.path = origin.socketPath
  }
  if (!origin.secure) return connectTcp(options as TcpSocketConnectOpts)
  return connectTls({
    ...options,
    // SNI carries host names only, never addresses (RFC 6066 §3).
    ...(IP.test(origin.hostname) ? {} : { servername: origin.hostname }),
    ALPNProtocols: ['http/1.1'],
    ...settings.tls
  })
}

// The failure was reported; later errors of the same socket add nothing.
function noop (): void {}
