// How does one server become one process per core, and new code without an end? The supervisor, and the plugin for its workers.
import type { WorkerListener, WorkerName } from '@fastify-arr/facts'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { InvalidOptionsError } from './errors.ts'
import { isHere, ONCE } from './once-in-scope.ts'
import { compile, type WorkersOptions } from './options.ts'
import { Broadcasts } from './worker/broadcasts.ts'
import { Life } from './worker/life.ts'
import { placeOf } from './worker/parent.ts'
import { Questions, type Answering, type Answers, type Counting } from './worker/questions.ts'

export { supervise, type Reloaded, type Supervisor } from './supervisor/supervise.ts'
export type { BackOffOptions } from './supervisor/back-off.ts'
export type { SuperviseOptions, SupervisorLog } from './supervisor/options.ts'
export type { Status, WorkerStatus } from './supervisor/status.ts'
export type { WorkerState } from './supervisor/worker-process.ts'
export type { WorkersOptions } from './options.ts'
export type { WorkerListener, WorkerName } from '@fastify-arr/facts'
export type { Answer, Answering, Answers, Counting } from './worker/questions.ts'

/** `fastify.workers` */
export interface Workers {
  /** Whether a supervisor has started this process. */
  readonly supervised: boolean
  /** 1, and one more with each reload; 0 without a supervisor. */
  readonly generation: number
  /** This worker's number in its generation, from 1. */
  readonly number: number
  /** How many workers a generation has. */
  readonly count: number
  /** Whether this worker takes no more connections, because those of the next generation do. */
  readonly leaving: boolean
  /** How often a process was started in this worker's place, this one included: more than 1 where others have died. */
  readonly starts: number
  /** Resolves when this process takes connections: when all of its generation listen. Without a supervisor, when the server listens. */
  readonly begun: Promise<void>
  /** Gives this worker's answers to the question of that name: plain data, which JSON keeps. One function for a name. */
  answer (name: string, answering: Answering): void
  /**
   * Gives this worker's counts to the question of that name: numbers that only grow, by names. They outlive the worker: call what is returned
   * when nothing is counted any more, in `onClose` for example. Of a worker that was killed, what it had counted at the last question is kept.
   */
  counts (name: string, counting: Counting): () => Promise<void>
  /**
   * Asks all workers, this one and those that leave included. Who has no function for the name, throws, or takes longer than `limit` (ms,
   * 2000) is not among the answers.
   *
   * @throws FST_ARR_WORKERS_UNASKABLE where too many questions are open.
   */
  ask<Value = unknown> (name: string, question?: unknown, limit?: number): Promise<Answers<Value>>
  /**
   * Hears what the other workers tell under that name, those that leave included, and who comes and goes. One listener for a name.
   *
   * @throws FST_ARR_WORKERS_UNASKABLE for a second one, more than 1024 names, and a name of more than 500 characters.
   */
  listen (name: string, listener: WorkerListener): void
  /**
   * Tells plain data, which JSON keeps, to all other workers that listen to that name, or to one of them; each hears it in order, once. False where it
   * is not sent, because this worker tells more than 1000 times a second, or has 4 Mi characters on their way: to be told again later. A worker that
   * does not read as fast misses what is told then; all hear that it came again, and tell it what holds.
   *
   * @throws FST_ARR_WORKERS_UNASKABLE for more than 1 Mi characters of JSON.
   */
  tell (name: string, data: unknown, to?: WorkerName): boolean
}

declare module 'fastify' {
  interface FastifyInstance {
    workers: Workers
  }
}

async function plugin (fastify: FastifyInstance, options: WorkersOptions): Promise<void> {
  if (isHere(fastify)) throw new InvalidOptionsError(ONCE)
  const settings = compile(options)
  const place = placeOf(process.env)
  const { generation, number, count, starts } = place ?? { generation: 0, number: 1, count: 1, starts: 1 }
  const questions: Questions = new Questions({ generation, number, pid: process.pid }, place === null ? null : (message, told) => life?.parent.tell(message, undefined, told) === true)
  const broadcasts: Broadcasts = new Broadcasts(place === null ? null : (message, written) => life?.parent.tell(message, undefined, written) === true)
  const life = place === null
    ? null
    : new Life(fastify, settings, {
      asked: async message => { await questions.asked(message) },
      answered: message => { questions.answered(message) },
      ended: message => { questions.ended(message) },
      hear: message => { broadcasts.hear(message) }
    })
  let listens = (): void => {}
  const listening = new Promise<void>(resolve => { listens = resolve })
  fastify.decorate('workers', {
    supervised: place !== null,
    generation,
    number,
    count,
    starts,
    get leaving () { return life?.isLeaving === true },
    begun: life?.begun ?? listening,
    answer: (name, answering) => { questions.answer(name, answering) },
    counts: (name, counting) => questions.count(name, counting),
    ask: async <Value>(name: string, question?: unknown, limit = 2000) => await questions.ask(name, question, limit) as Answers<Value>,
    listen: (name, listener) => { broadcasts.listen(name, listener) },
    tell: (name, data, to) => broadcasts.tell(name, data, to)
  } satisfies Workers)
  fastify.addHook('onListen', async () => {
    listens()
    life?.ready()
  })
  if (life === null) return
  fastify.addHook('onRequest', (request, reply, done) => {
    life.connections.met(request.raw, reply.raw)
    done()
  })
  fastify.addHook('preClose', async () => { life.closing() })
  fastify.addHook('onClose', async () => { life.closed() })
}

/** Makes a server a worker of `supervise`; does nothing in a process that nobody supervises. */
export const workers = fp(plugin, { fastify: '5.x', name: '@fastify-arr/workers' })
export default workers
