// Which exchanges have a whole story? Those that request-trace is asked to record while somebody follows.
import type { ServerFacts, TracedExchange } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import type { Told } from './entry.ts'
import { sizeOf } from './size-of.ts'

const TOLD = Symbol('the trace of the request, for the monitor')
/** Recording one costs tens of µs. */
const MOST_A_SECOND = 50
const MOST = 200
const MOST_BYTES = 16 * 1024 * 1024

type Traced = FastifyRequest['raw'] & { [TOLD]?: Told }

/** The traces of one server, as far as they are kept. */
export class Stories {
  readonly #server: ServerFacts
  /** Whether somebody who follows may be shown the request. */
  readonly #mayBeShown: (request: FastifyRequest) => boolean
  #kept: Told[] = []
  #bytes = 0
  #wanted = 0
  #stop: (() => void) | null = null

  /** `server` may get its traces later. */
  constructor (server: ServerFacts, mayBeShown: (request: FastifyRequest) => boolean) {
    this.#server = server
    this.#mayBeShown = mayBeShown
  }

  get hasPages (): boolean {
    return typeof this.#server.traces?.html === 'function'
  }

  /** How many are kept, and how many bytes they take. @internal */
  get kept (): { readonly count: number, readonly bytes: number } {
    return { count: this.#kept.length, bytes: this.#bytes }
  }

  start (): void {
    this.#stop ??= this.#server.traces?.follow?.({
      wants: request => this.#wants(request),
      traced: (request, trace) => { this.#traced(request, trace) }
    }) ?? null
  }

  stop (): void {
    this.#stop?.()
    this.#stop = null
  }

  /** To be called once a second. */
  tick (): void {
    this.#wanted = 0
  }

  /** Null where no trace was asked for. */
  of (request: FastifyRequest): Told | null {
    return (request.raw as Traced)[TOLD] ?? null
  }

  page ({ trace }: Told): string | undefined {
    return trace === null ? undefined : this.#server.traces?.html?.(trace)
  }

  #wants (request: FastifyRequest): boolean {
    if (this.#wanted >= MOST_A_SECOND || !this.#mayBeShown(request)) return false
    this.#wanted++
    ;(request.raw as Traced)[TOLD] ??= { trace: null, size: 0, isAwaited: true }
    return true
  }

  #traced (request: FastifyRequest, trace: TracedExchange): void {
    const told = (request.raw as Traced)[TOLD] ??= { trace: null, size: 0, isAwaited: false }
    told.isAwaited = false
    // A WebSocket is told of twice.
    if (told.trace === null) this.#kept.push(told)
    told.trace = trace
    this.#bytes -= told.size
    told.size = sizeOf(trace)
    this.#bytes += told.size
    while (this.#kept.length > MOST || this.#bytes > MOST_BYTES) {
      const oldest = this.#kept.shift()
      if (oldest === undefined) return
      this.#bytes -= oldest.size
      oldest.trace = null
      oldest.size = 0
    }
  }
}
