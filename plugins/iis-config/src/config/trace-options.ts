// The options of request-trace, as far as a file of IIS sets them. Described by their structure: packages do not import each other.

/** An area of IIS's events; `WebSocket` is one of request-trace. */
export type TraceArea = 'General' | 'RequestNotifications' | 'Rewrite' | 'RequestRouting' | 'WebSocket'

/** Events of this level and below. */
export type TraceVerbosity = 'General' | 'CriticalError' | 'Error' | 'Warning' | 'Information' | 'Verbose'

/** When a request is traced. */
export interface TraceRule {
  site?: string
  path?: string
  /** Absent where all are recorded with `Verbose`. */
  areas?: Partial<Record<TraceArea, TraceVerbosity>>
  statusCodes?: string
  /** In ms. */
  timeTaken?: number
  verbosity?: 'CriticalError' | 'Error' | 'Warning'
}

/** The options of `@fastify-arr/request-trace`. Without rules nothing is traced: the files say that tracing is off. */
export interface RequestTraceOptions {
  rules: TraceRule[]
  directory?: string
  maxLogFiles?: number
  maxLogFileSizeKB?: number
}
