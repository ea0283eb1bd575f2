// Why did it happen? The plugin that records exchanges, and writes those that its rules name.
import { resolve } from 'node:path'
import type { TraceFact, TunnelCarrier } from '@fastify-arr/facts'
import fp from 'fastify-plugin'
import type { FastifyInstance } from 'fastify'
import { InvalidOptionsError } from './errors.ts'
import { Scribe } from './folder/scribe.ts'
import { KeptTraces, type Traces } from './folder/traces.ts'
import { Channels, exchangeHandlers, tunnelHandlers } from './following/channels.ts'
import { Followers } from './following/followers.ts'
import { isHere, ONCE } from './once-in-scope.ts'
import type { RequestTraceOptions } from './options.ts'
import { Budget } from './recording/budget.ts'
import { Recorder } from './recording/recorder.ts'
import type { TracedRequest } from './recording/recording.ts'
import { Redactor } from './redaction/redactor.ts'
import { DEFAULT_PER_EXCHANGE, DEFAULT_TOTAL, mistakesIn } from './rules/mistakes.ts'
import { CompiledRule } from './rules/rule.ts'
import { whenTunnels } from './when-tunnels.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The last traces. Written by @fastify-arr/request-trace. */
    traces: Traces
  }
  interface FastifyRequest {
    /** The trace that is written of this exchange when it is over; null where none is. */
    trace: TraceFact | null
  }
}

const DIRECTORY = 'FailedReqLogFiles'
const SOME = 50
const SIZE = 1_024
// How long closing waits for exchanges that end, and for files, ms.
const CLOSE_LIMIT = 1_000
const WRITE_LIMIT = 5_000

async function plugin (fastify: FastifyInstance, options: RequestTraceOptions): Promise<void> {
  if (isHere(fastify)) throw new InvalidOptionsError(ONCE)
  const mistakes = mistakesIn(options)
  if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.join('; '))
  const { rules = [], directory = DIRECTORY, maxLogFiles = SOME, maxLogFileSizeKB = SIZE, formats = ['html', 'har'], keep = SOME, memory = {}, redact = {}, dangerouslyWriteSecrets = false } = options
  const budget = new Budget(memory.total ?? DEFAULT_TOTAL, memory.perExchange ?? DEFAULT_PER_EXCHANGE)
  const followers = new Followers(isWanted => { exchanges.hear(isWanted || rules.length > 0) }, error => { scribe.broke(error) })
  const traces = new KeptTraces(keep, () => budget.lost, followers)
  fastify.decorate('traces', traces)
  if (!fastify.hasRequestDecorator('trace')) fastify.decorateRequest('trace', null)

  const compiled = rules.map(rule => new CompiledRule(rule))
  const query = rules.map(({ onDemand }) => onDemand?.query).filter(name => name !== undefined)
  const redactor = new Redactor({ ...redact, query: [...redact.query ?? [], ...query] }, !dangerouslyWriteSecrets)
  const scribe = new Scribe({ directory: directory === null ? null : resolve(directory), maxLogFiles, maxLogFileSizeKB, formats: [...new Set(formats)] }, traces, fastify.log)
  if (rules.length > 0) await scribe.prepare()
  const recorder = new Recorder(compiled, redactor, budget, scribe, followers)
  const broke = (error: unknown): void => { scribe.broke(error) }
  const exchanges = new Channels(exchangeHandlers(redactor), recorder, broke)
  const tunnels = new Channels(tunnelHandlers(recorder), recorder, broke)
  exchanges.hear(rules.length > 0)
  tunnels.hear(rules.length > 0)
  // It is known for how long an exchange is followed, and not how long its WebSocket lives.
  followers.onFirst = () => { tunnels.hear(true) }

  fastify.addHook('onRequest', function recordRequest (request, reply, done) {
    try {
      recorder.begin(request as TracedRequest, reply)
    } catch (error) {
      scribe.broke(error)
    }
    done()
  })

  // By now, all hooks of the first kind have run: the site is known, whatever the order of the plugins is.
  fastify.addHook('preParsing', function noteSite (request, _reply, payload, done) {
    recorder.of(request)
    done(null, payload)
  })

  // A WebSocket that goes to another process ends here, as far as its trace is concerned; there it has none.
  const carrier: TunnelCarrier = {
    name: '@fastify-arr/request-trace',
    give: () => undefined,
    left (request) {
      const recording = recorder.of(request)
      if (recording !== null) recorder.tunnelEnded(recording)
    },
    take () {}
  }
  whenTunnels(fastify, tunnels => { tunnels.carry?.(carrier) })

  fastify.addHook('onClose', async () => {
    // The server is closed; the `close` events of its last exchanges may still be pending.
    await budget.empty(CLOSE_LIMIT)
    followers.end()
    exchanges.hear(false)
    tunnels.hear(false)
    await scribe.close(WRITE_LIMIT)
  })
}

/** Traces of single exchanges, as IIS's Failed Request Tracing, and of WebSockets to their end. */
export const requestTrace = fp(plugin, { fastify: '5.x', name: '@fastify-arr/request-trace' })
export default requestTrace

export type * from './options.ts'
export type { Traces } from './folder/traces.ts'
export type { FailureReason, Finding, Trace, TraceEvent, Value } from './trace/trace.ts'
