// Why did it happen? The plugin that records exchanges, and writes those that its rules name.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { resolve } from 'node:path'
import type { AnswerSent, AttemptAnswered, AttemptFailed, AttemptMessage, AttemptSent, FarmChosen, RewriteMessage, TraceFact, TunnelOpened } from '@fastify-arr/facts'
import { CHANNELS } from '@fastify-arr/facts'
import fp from 'fastify-plugin'
import type { FastifyInstance } from 'fastify'
import { InvalidOptionsError } from './errors.ts'
import { Scribe } from './folder/scribe.ts'
import { KeptTraces, type Traces } from './folder/traces.ts'
import { isHere, ONCE } from './once-in-scope.ts'
import type { RequestTraceOptions } from './options.ts'
import { Budget } from './recording/budget.ts'
import { noteAnswer, noteAttempt, noteFailure, noteFarm, noteHead, noteRewrite, noteSent } from './recording/messages.ts'
import { Recorder } from './recording/recorder.ts'
import type { Recording, TracedRequest } from './recording/recording.ts'
import { Redactor } from './redaction/redactor.ts'
import { DEFAULT_PER_EXCHANGE, DEFAULT_TOTAL, mistakesIn } from './rules/mistakes.ts'
import { CompiledRule } from './rules/rule.ts'

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
  const traces = new KeptTraces(keep, () => budget.lost)
  fastify.decorate('traces', traces)
  if (!fastify.hasRequestDecorator('trace')) fastify.decorateRequest('trace', null)
  if (rules.length === 0) return

  const compiled = rules.map(rule => new CompiledRule(rule))
  const query = rules.map(({ onDemand }) => onDemand?.query).filter(name => name !== undefined)
  const redactor = new Redactor({ ...redact, query: [...redact.query ?? [], ...query] }, !dangerouslyWriteSecrets)
  const scribe = new Scribe({ directory: directory === null ? null : resolve(directory), maxLogFiles, maxLogFileSizeKB, formats: [...new Set(formats)] }, traces, fastify.log)
  await scribe.prepare()
  const recorder = new Recorder(compiled, redactor, budget, scribe)

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

  const stop = listen({
    rewrite: (recording, message: RewriteMessage) => { noteRewrite(recording, message, redactor) },
    requestRejected: () => {},
    farmChosen: (recording, message: FarmChosen) => { noteFarm(recording, message) },
    attemptBegan: (recording, message: AttemptMessage) => { noteAttempt(recording, message) },
    attemptSent: (recording, message: AttemptSent) => { noteSent(recording, message, redactor) },
    attemptAnswered: (recording, message: AttemptAnswered) => { noteAnswer(recording, message, redactor) },
    attemptFailed: (recording, message: AttemptFailed) => { noteFailure(recording, message) },
    answerSent: (recording, message: AnswerSent) => { noteHead(recording, message, redactor) },
    tunnelOpen: (recording, message: TunnelOpened) => { recorder.opened(recording, message) },
    tunnelClose: recording => { recorder.tunnelEnded(recording) }
  })

  fastify.addHook('onClose', async () => {
    // The server is closed; the `close` events of its last exchanges may still be pending.
    await budget.empty(CLOSE_LIMIT)
    stop()
    await scribe.close(WRITE_LIMIT)
  })

  /** Every message is of an exchange: `recorder.of` notes the facts that are new, such as a rejection. */
  function listen (handlers: Readonly<Partial<Record<keyof typeof CHANNELS, (recording: Recording, message: never) => void>>>): () => void {
    const listeners = Object.entries(handlers).map(([name, handle]) => [CHANNELS[name as keyof typeof CHANNELS], (message: unknown) => {
      // What a subscriber throws would end the process.
      try {
        const recording = recorder.of((message as AttemptMessage).request)
        if (recording !== null) handle(recording, message as never)
      } catch (error) {
        scribe.broke(error)
      }
    }] as const)
    for (const [name, listener] of listeners) subscribe(name, listener)
    return () => { for (const [name, listener] of listeners) unsubscribe(name, listener) }
  }
}

/** Traces of single exchanges, as IIS's Failed Request Tracing, and of WebSockets to their end. */
export const requestTrace = fp(plugin, { fastify: '5.x', name: '@fastify-arr/request-trace' })
export default requestTrace

export type * from './options.ts'
export type { Traces } from './folder/traces.ts'
export type { FailureReason, Finding, Trace, TraceEvent, Value } from './trace/trace.ts'
