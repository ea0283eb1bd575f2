// Which exchange was traced, and where to? `request.trace` and a channel, written by request-trace.
import type { FastifyRequest } from 'fastify'

/** The fact `request.trace`: the trace that is written when the exchange is over; null where none is. */
export interface TraceFact {
  /** E.g. `fr000001`. */
  readonly id: string
  /** The file's path without its extension, relative to the directory of the traces: `W3SVC1/fr000001`. */
  readonly file: string
}

/** What the channel `CHANNELS.traceWritten` carries: the files are there. */
export interface TraceWritten {
  readonly request: FastifyRequest | null
  readonly trace: TraceFact
  /** Absolute paths. */
  readonly files: readonly string[]
}
