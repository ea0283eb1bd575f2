// Which part did each server have in it? The plugin that makes spans of OpenTelemetry, and names them to upstreams.
import { context, diag } from '@opentelemetry/api'
import type { AttemptHeaders, ServerFacts } from '@fastify-arr/facts'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { InvalidOptionsError } from './errors.ts'
import { Exchanges } from './exchange/exchanges.ts'
import { isHere, ONCE } from './once-in-scope.ts'
import { compile, type OpenTelemetryOptions } from './options.ts'

export type { OpenTelemetryOptions } from './options.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The headers that name the span of each attempt to reach an upstream; null where the request has no spans. */
    attemptHeaders: AttemptHeaders | null
  }
}

const NAME = '@fastify-arr/open-telemetry'

async function plugin (fastify: FastifyInstance, options: OpenTelemetryOptions): Promise<void> {
  if (isHere(fastify)) throw new InvalidOptionsError(ONCE)
  const exchanges = new Exchanges(compile(options))
  if (!fastify.hasRequestDecorator('attemptHeaders')) fastify.decorateRequest('attemptHeaders', null)

  fastify.addHook('onRequest', function beginSpan (request, reply, done) {
    let exchange = null
    try {
      exchange = exchanges.begin(request, reply)
    } catch (error) {
      diag.error('open-telemetry: a span could not be made', error)
    }
    if (exchange === null) return done()
    if (exchange.replaced.size > 0) request.attemptHeaders = exchange
    context.with(exchange.context, done)
  })

  fastify.addHook('onReady', async () => {
    (fastify as FastifyInstance & ServerFacts).tunnels?.carry?.({
      name: NAME,
      give: request => exchanges.give(request),
      take: (request, given) => { exchanges.take(request, given) }
    })
  })

  fastify.addHook('onClose', async () => { exchanges.stop() })
}

/** Makes spans of exchanges, of attempts to reach upstreams and of WebSockets, where an SDK of OpenTelemetry is registered. */
export const openTelemetry = fp(plugin, { fastify: '5.x', name: NAME })
export default openTelemetry
