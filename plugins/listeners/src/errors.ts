// What can go wrong? Every error of the package, with its stable code and the listener it is about.

import { createError } from '@fastify/error'

/** The options hold mistakes; the message lists all of them. */
export const InvalidOptionsError = createError<[string]>('FST_ARR_LISTENERS_INVALID_OPTIONS', 'listeners: %s', 500, TypeError)

/** The server was closed while its listeners opened. */
export const ClosedError = createError('FST_ARR_LISTENERS_CLOSED', 'listeners: the server was closed while its listeners opened', 500)

const CODES = {
  PORT_IN_USE: 'FST_ARR_LISTENERS_PORT_IN_USE',
  NO_RIGHT: 'FST_ARR_LISTENERS_NO_RIGHT',
  NO_ADDRESS: 'FST_ARR_LISTENERS_NO_ADDRESS',
  CERTIFICATE: 'FST_ARR_LISTENERS_CERTIFICATE',
  LISTEN: 'FST_ARR_LISTENERS_LISTEN_FAILED'
} as const

/** Why a listener could not be opened. `cause` is the system's own error, whose `code` is e.g. `EADDRINUSE`. */
export interface ListenerError extends Error {
  readonly code: (typeof CODES)[keyof typeof CODES]
  /** The listener's name. */
  readonly listener: string
  /** The listener's label, e.g. the name of the setting its port came from; null where it has none. */
  readonly label: string | null
  readonly cause: unknown
}

/** Makes the error for the failure of one listener. */
export function listenerError (kind: keyof typeof CODES, { name, label }: { readonly name: string, readonly label: string | null }, text: string, cause: unknown): ListenerError {
  const ThisError = createError(CODES[kind], `Listener '${name}'${label === null ? '' : ` (${label})`}: %s`, 500)
  return Object.assign(new ThisError(text, { cause }), { listener: name, label }) as unknown as ListenerError
}

/** Makes the error for a port that cannot be bound; its message says what to do. */
export function bindError (listener: { readonly name: string, readonly label: string | null }, where: string, cause: NodeJS.ErrnoException): ListenerError {
  switch (cause.code) {
    case 'EADDRINUSE':
      return listenerError('PORT_IN_USE', listener, `${where} is in use by another program; choose another port, or stop that program.`, cause)
    case 'EACCES':
    case 'EPERM':
      return listenerError('NO_RIGHT', listener, `no right to listen on ${where}. ${howToGetTheRight()}`, cause)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAFNOSUPPORT':
      return listenerError('NO_ADDRESS', listener, `${where} is no address of this machine.`, cause)
    default:
      return listenerError('LISTEN', listener, `cannot listen on ${where}: ${cause.message}`, cause)
  }
}

function howToGetTheRight (): string {
  switch (process.platform) {
    case 'win32': return "See whether the port is reserved, 'netsh interface ipv4 show excludedportrange protocol=tcp', or choose another."
    case 'linux': return `Ports below 1024 need it: 'sudo setcap cap_net_bind_service=+ep ${process.execPath}', 'sysctl net.ipv4.ip_unprivileged_port_start=80', systemd's AmbientCapabilities=CAP_NET_BIND_SERVICE, or a port from 1024 on.`
    default: return 'Choose a port from 1024 on, or start as a user that may use this one.'
  }
}
