// How is an origin reached? A plain, TLS or unix socket, with one time limit for all of it.
import { connect as connectTcp, type IpcSocketConnectOpts, type OnReadOpts, type Socket, type SocketConstructorOpts, type TcpSocketConnectOpts } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { nameOf, type ErrorName } from '../errors.ts'
import type { Origin } from '../route/target.ts'
import { countShortage } from './shortage.ts'

/** What TLS towards an upstream is made with: the names are those of `node:tls`. */
export type UpstreamTls = Pick<ConnectionOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'pfx' | 'servername' | 'rejectUnauthorized' | 'minVersion' | 'ciphers'>

/** How origins are dialled, fixed at registration. */
export interface DialSettings {
  /** For the connection, TLS included, in ms; 0 for no limit. */
  readonly connectTimeout: number
  /** Time without traffic before TCP keep-alive probes start, in ms; 0 switches them off. */
  readonly keepAlive: number
  readonly tls: UpstreamTls
}

/** Told once: null when the connection stands (TLS verified), or what went wrong. */
export type Dialled = (failure: { name: ErrorName, cause: unknown } | null) => void

// What may wait in a socket, in bytes: more than two reads, so that one that leaves at once is no reason to pause its source.
const WAITING = 131_072
const IP = /^[\d.]+$|:/

/**
 * Dials. The socket can be written to at once; it has an error listener while it is dialled, and the caller's
 * must be there when `dialled` returns. To give up, destroy the socket: `dialled` is then not called.
 * `onread` has the socket read into one buffer of the caller's, instead of emitting 'data'.
 */
export function dial (origin: Origin, settings: DialSettings, dialled: Dialled, onread?: OnReadOpts): Socket {
  const socket = open(origin, settings, onread)
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
    // A name is asked for by SNI; an address must not be (RFC 6066 §3).
    ...(IP.test(origin.hostname) ? {} : { servername: origin.hostname }),
    ALPNProtocols: ['http/1.1'],
    ...settings.tls
  })
}

// After a failure was told, later errors of the same socket say nothing new.
function noop (): void {}
