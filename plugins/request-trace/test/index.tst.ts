import type { TraceFact } from '@fastify-arr/facts'
import fastify, { type FastifyRequest } from 'fastify'
import { expect, test } from 'tstyche'
import requestTrace, { requestTrace as named, type FailureReason, type RequestTraceOptions, type Trace, type TraceEvent, type TraceRule, type Traces } from '../src/index.ts'

test('the plugin is registered with its options, and with none', () => {
  const app = fastify()
  expect(app.register).type.toBeCallableWith(requestTrace)
  expect(app.register).type.toBeCallableWith(named, { rules: [{ path: '/api/*', statusCodes: '500-599' }], directory: null })
  expect(app.register).type.not.toBeCallableWith(named, { rules: [{ status: 500 }] })
})

test('what it decorates', () => {
  const app = fastify()
  expect(app.traces).type.toBe<Traces>()
  expect(app.traces.get('fr000001')).type.toBe<Trace | undefined>()
  expect(app.traces.size).type.toBe<number>()
  expect([...app.traces]).type.toBe<Trace[]>()
  expect<FastifyRequest['trace']>().type.toBe<TraceFact | null>()
})

test('a trace is plain data that cannot be changed', () => {
  expect<Trace['events']>().type.toBe<readonly TraceEvent[]>()
  expect<TraceEvent['data'][string]>().type.toBe<string | number | boolean>()
  expect<Trace['failureReason']>().type.toBe<FailureReason | (string & {})>()
  expect<FailureReason>().type.toBe<'STATUS_CODE' | 'TIME_TAKEN' | 'WEBSOCKET_ENDING' | 'ON_DEMAND' | 'VERBOSITY' | 'SAMPLE' | 'FOLLOWED'>()
})

test('options', () => {
  expect<RequestTraceOptions>().type.toBeAssignableFrom({ formats: ['har'] as const, memory: { total: 1 }, redact: { headers: ['x'] } })
  expect<TraceRule>().type.toBeAssignableFrom({ webSocket: { closeCodes: '1011,none', endings: ['reset'] as const, neverSpoke: true }, areas: { WebSocket: 'Verbose' as const } })
  expect<TraceRule>().type.not.toBeAssignableFrom({ onDemand: { header: 'x-trace' } })
  expect<TraceRule>().type.not.toBeAssignableFrom({ areas: { Cache: 'Verbose' } })
})
