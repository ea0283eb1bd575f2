// Which exchanges come from other processes, and which go there? Each has its one line in the process where its WebSocket ends.
import type { TunnelCarrier } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import type { Exchange } from '../exchange/exchange.ts'
import type { Facts } from '../exchange/facts.ts'
import type { GatherOptions } from '../exchange/gather.ts'
import { endedExchange, movedAgain, movedExchange, type MovedExchange } from '../exchange/moved-exchange.ts'
import { connectionOf, type Connection } from './connection.ts'
import type { OpenExchanges } from './open-exchanges.ts'

const ADOPTED = Symbol('an exchange that has come from another process')

type Marked = FastifyRequest & Facts & { [ADOPTED]?: Adopted }

interface Adopted {
  readonly moved: MovedExchange
  readonly connection: Connection
}

/** The log's part in a hand-over. `write` writes the line of one that has ended here. */
export function movingExchanges (exchanges: OpenExchanges, options: GatherOptions, write: (exchange: Exchange, request: FastifyRequest) => void): TunnelCarrier {
  return {
    name: '@fastify-arr/arr-log',
    give (request: Marked) {
      const own = request[ADOPTED]
      if (own !== undefined) return movedAgain(own.moved, own.connection)
      const open = exchanges.of(request)
      return open === null ? undefined : movedExchange(open.request, open.reply, open.begun, options)
    },
    left (request: Marked) {
      if (request[ADOPTED] === undefined) exchanges.forget(request)
      else delete request[ADOPTED]
    },
    take (request: Marked, given) {
      // Where the other process had no log, it had no line for it either: there is nothing to begin one from.
      if (given === undefined) return
      const moved = given as MovedExchange
      const connection = connectionOf(request.raw)
      const { bytes } = moved
      connection.bytesRead = -(bytes?.received ?? 0)
      connection.bytesWritten = -(bytes?.sent ?? 0)
      if (moved.trace !== null) (request as { trace?: MovedExchange['trace'] }).trace = moved.trace
      request[ADOPTED] = { moved, connection }
    },
    ended (request: Marked) {
      const own = request[ADOPTED]
      if (own !== undefined) write(endedExchange(own.moved, request, own.connection, options.process), request)
    }
  }
}
