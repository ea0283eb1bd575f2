import Fastify from 'fastify'
import { expect, test } from 'tstyche'
import { supervise, workers, type Answers, type SuperviseOptions, type Supervisor, type WorkerListener, type WorkerName, type Workers, type WorkersOptions } from '@fastify-arr/workers'

const fastify = Fastify()

test('the plugin', () => {
  expect(fastify.register(workers, { handOver: { atOnce: 8 }, goodbye: { code: 1012 }, linger: 0 })).type.not.toRaiseError()
  expect<WorkersOptions>().type.toBeAssignableFrom({ handOver: false as const })
  expect<WorkersOptions>().type.not.toBeAssignableFrom({ handOver: true })
  expect(fastify.workers).type.toBe<Workers>()
  expect(fastify.workers.ask<number>('open')).type.toBe<Promise<Answers<number>>>()
  expect(fastify.workers.tell('open', 1, { generation: 1, number: 1, pid: 1 })).type.toBe<boolean>()
  expect(fastify.workers.listen).type.toBeCallableWith('open', { told: (_data: unknown, _from: WorkerName) => {}, came: () => {}, gone: () => {} })
  expect<WorkerListener>().type.not.toBeAssignableFrom({ told: () => {} })
})

test('the supervisor', () => {
  expect<SuperviseOptions>().type.toBeAssignableFrom({ exec: 'server.js', workers: 'auto' as const, env: () => ({ A: undefined }), control: false as const })
  expect<SuperviseOptions>().type.not.toBeAssignableFrom({ exec: 'server.js', workers: 'many' })
  expect(supervise({ exec: 'server.js' })).type.toBe<Supervisor>()
})
