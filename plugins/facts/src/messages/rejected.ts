// Who is told that a filter has refused a request? Onlookers, on a channel.
import type { FastifyRequest } from 'fastify'

/** What the channel `CHANNELS.requestRejected` carries: a request whose `request.rejection` says why. */
export interface RequestRejected {
  readonly request: FastifyRequest
}
