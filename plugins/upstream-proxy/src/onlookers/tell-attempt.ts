// What are onlookers told about an attempt to reach a server? Its four moments, each on a channel of its own.
import { channel } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { CHANNELS, type AttemptAnswered, type AttemptFailed, type AttemptMessage, type AttemptSent, type Moment } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { ERRORS, type ErrorName, sideOf, systemCodeOf } from '../errors.ts'
import { cutFields } from '../headers/header-lines.ts'
import { connectTimes } from './connect-clock.ts'

const BEGAN = channel(CHANNELS.attemptBegan)
const SENT = channel(CHANNELS.attemptSent)
const ANSWERED = channel(CHANNELS.attemptAnswered)
const FAILED = channel(CHANNELS.attemptFailed)

interface Came {
  readonly status: number
  readonly reason: string
  readonly headers: readonly string[]
  readonly fields?: string
}

/** A server is dialled, or a kept connection to it is taken. One that waits for a connection has not begun yet. */
export function attemptBegan (request: FastifyRequest, server: string): void {
  if (!BEGAN.hasSubscribers) return
  BEGAN.publish({ request, server } satisfies AttemptMessage)
}

/** `head` is being written to the connection. */
export function attemptSent (request: FastifyRequest, server: string, head: string, socket: Socket, kept: boolean): void {
  if (!SENT.hasSubscribers) return
  SENT.publish({
    request,
    server,
    head,
    kept,
    local: endOf(socket.localAddress, socket.localPort),
    remote: endOf(socket.remoteAddress, socket.remotePort),
    times: kept ? null : connectTimes(socket),
    tls: sessionOf(socket)
  } satisfies AttemptSent)
}

/** A head has come, that of an interim answer as well. Where it has `fields`, its `headers` are no longer all that came. Nobody is told where the request was given up. */
export function attemptAnswered (request: FastifyRequest | undefined, server: string, head: Came): void {
  if (!ANSWERED.hasSubscribers || request === undefined) return
  const { status, reason, headers, fields } = head
  ANSWERED.publish({ request, server, status, reason, headers: fields === undefined ? [...headers] : cutFields(fields) } satisfies AttemptAnswered)
}

/** An attempt has come to nothing. Not told where that is the client's doing, or that of the user's code: the server is not to blame, and neither is the network. */
export function attemptFailed (request: FastifyRequest, server: string, name: ErrorName, moment: Moment, cause: unknown): void {
  if (!FAILED.hasSubscribers || sideOf(name) === 'client' || name === 'RewriteFailed') return
  FAILED.publish({ request, server, code: new ERRORS[name]().code, moment, systemCode: systemCodeOf(cause) } satisfies AttemptFailed)
}

/** Null for a unix socket, which has no address. */
function endOf (address: string | undefined, port: number | undefined): string | null {
  if (address === undefined) return null
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function sessionOf (socket: Socket): AttemptSent['tls'] {
  if (!('encrypted' in socket)) return null
  const tls = socket as TLSSocket
  return { version: tls.getProtocol(), cipher: (tls.getCipher() as { name?: string } | undefined)?.name ?? null }
}
