// Why did it happen? The plugin that records exchanges, and writes those that its rules name.
import fp from 'fastify-plugin'
import type { FastifyInstance } from 'fastify'
import type { RequestTraceOptions } from './options.ts'

async function plugin (_fastify: FastifyInstance, _options: RequestTraceOptions): Promise<void> {}

/** Traces of single exchanges, as IIS's Failed Request Tracing, and of WebSockets to their end. */
export const requestTrace = fp(plugin, { fastify: '5.x', name: '@fastify-arr/request-trace' })
export default requestTrace

export type * from './options.ts'
export type { FailureReason, Finding, Trace, TraceEvent, Value } from './trace/trace.ts'
