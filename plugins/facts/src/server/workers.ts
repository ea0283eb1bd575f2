// How does a plugin speak with the same plugin in the other processes of this server? `fastify.workers`, written by workers.

/** What one worker answers to a question. */
export interface WorkerAnswer<Value = unknown> {
  readonly generation: number
  readonly number: number
  readonly pid: number
  readonly value: Value
}

/** One of the processes. */
export interface WorkerName {
  readonly generation: number
  /** In its generation, from 1. */
  readonly number: number
  readonly pid: number
}

/** Who hears what the same plugin tells in the other processes. None of its functions may throw. */
export interface WorkerListener {
  /** Plain data, as JSON keeps it. It may be of another version of the plugin. */
  told (data: unknown, from: WorkerName): void
  /** This one listens as well, and knows nothing of this process, or has missed something: it is to be told all that holds. It may come several times. */
  came (who: WorkerName): void
  /** It has ended: what it has told is over. */
  gone (who: WorkerName): void
}

/** The processes that serve together. */
export interface WorkersFact {
  /** Whether there may be others. */
  readonly supervised: boolean
  readonly generation: number
  readonly number: number
  readonly count: number
  /** Where it is there: resolves when this process takes connections. */
  readonly begun?: Promise<void>
  /** Where it is there: whether this one takes no more connections, because those of the next generation do. */
  readonly leaving?: boolean
  /** Gives this process's answers to the question of that name: plain data, which JSON keeps. */
  answer (name: string, answering: (question: unknown) => unknown): void
  /** Where it is there: gives this process's counts to the question of that name: numbers that only grow, by names. What is returned is called when nothing is counted any more: the counts are kept. */
  counts? (name: string, counting: () => Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>): () => Promise<void>
  /** Asks all, this one included; within `limit`, ms. Not `complete`: one or more have not answered in time. `counts`: the sums of what all have counted, those that have ended included. */
  ask<Value = unknown> (name: string, question?: unknown, limit?: number): Promise<{ readonly answers: ReadonlyArray<WorkerAnswer<Value>>, readonly complete: boolean, readonly counts?: Readonly<Record<string, number>> }>
  /** Where it is there: hears what others tell under that name, and who comes and goes. One listener for a name. */
  listen? (name: string, listener: WorkerListener): void
  /**
   * Where it is there: tells plain data to all others that listen to that name, or to one of them, in order. False where it is not sent, because too
   * much is on its way: to be told again later.
   */
  tell? (name: string, data: unknown, to?: WorkerName): boolean
}
