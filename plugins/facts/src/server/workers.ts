// How does a plugin speak with the same plugin in the other processes of this server? `fastify.workers`, written by workers.

/** What one worker answers to a question. */
export interface WorkerAnswer<Value = unknown> {
  readonly generation: number
  readonly number: number
  readonly pid: number
  readonly value: Value
}

/** The processes that serve together. */
export interface WorkersFact {
  /** Whether there may be others. */
  readonly supervised: boolean
  readonly generation: number
  readonly number: number
  readonly count: number
  /** Gives this process's answers to the question of that name: plain data, which JSON keeps. */
  answer (name: string, answering: (question: unknown) => unknown): void
  /** Asks all, this one included; within `limit`, ms. Not `complete`: one or more have not answered in time. */
  ask<Value = unknown> (name: string, question?: unknown, limit?: number): Promise<{ readonly answers: ReadonlyArray<WorkerAnswer<Value>>, readonly complete: boolean }>
}
