// Which options are there, and which values are invalid?
import type { FastifyRequest } from 'fastify'
import { InvalidOptionsError } from './errors.ts'
import { unknownOptions } from './known-options.ts'

/** Options of the plugin. */
export interface OpenTelemetryOptions {
  /** True for a request that gets no spans, such as a health check; its `traceparent` passes as it came. Asked in `onRequest`. Defaults to none. */
  readonly ignore?: (request: FastifyRequest) => boolean
}

/** The options as they run. */
export interface Settings {
  readonly ignore: ((request: FastifyRequest) => boolean) | null
}

const OPTIONS: Readonly<Record<keyof OpenTelemetryOptions, true>> = { ignore: true }

/** Compiles the options, or throws one InvalidOptionsError that lists every mistake. */
export function compile (options: OpenTelemetryOptions): Settings {
  const mistakes = unknownOptions(options, Object.keys(OPTIONS))
  const { ignore } = options
  if (ignore !== undefined && typeof ignore !== 'function') mistakes.push('`ignore` must be a function of the request')
  if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.join('; '))
  return { ignore: ignore ?? null }
}
