// When is an exchange over? When its response has closed: finished, refused, aborted and upgraded ones alike, also one that waits in a pipeline.
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import type { Exchange } from './exchange.ts'

const EXCHANGE = Symbol('the exchange of a response')
const QUEUED = Symbol('responses behind another one')

type Response = FastifyReply['raw'] & { [EXCHANGE]?: Exchange | null }
type Pipeline = Socket & { [QUEUED]?: Set<Response> }

/** Ends the exchange when its response closes. */
export function endAtClose (exchange: Exchange): void {
  const response: Response = exchange.response
  response[EXCHANGE] = exchange
  response.on('close', onClose)
  if (response.socket === null && !('stream' in response)) queue(response, exchange.request.raw.socket)
}

/** Nothing is left to do at the close. */
export function forget ({ response }: Exchange): void {
  (response as Response)[EXCHANGE] = null
}

// One function for all exchanges.
function onClose (this: Response): void {
  const exchange = this[EXCHANGE]
  if (exchange === undefined || exchange === null) return
  this[EXCHANGE] = null
  ;(exchange.request.raw.socket as Pipeline | undefined)?.[QUEUED]?.delete(this)
  exchange.end(false)
}

/** One that waits behind another one of its pipeline: where the connection is lost, Node emits `close` only on the one that is being sent. */
function queue (response: Response, socket: Pipeline): void {
  let queued = socket[QUEUED]
  if (queued === undefined) {
    const all = queued = socket[QUEUED] = new Set()
    socket.on('close', () => { for (const left of all) onClose.call(left) })
  }
  queued.add(response)
}
