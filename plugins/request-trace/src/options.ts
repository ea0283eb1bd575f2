// What may be written in the plugin's options?
import type { Area } from './trace/events.ts'

/** IIS's verbosity of an area: events of this level and below are kept. */
export type Verbosity = 'General' | 'CriticalError' | 'Error' | 'Warning' | 'Information' | 'Verbose'

/** Options of the plugin. */
export interface RequestTraceOptions {
  /** Which exchanges are traced: the first rule whose place fits says when its trace is written. Defaults to none. */
  readonly rules?: readonly TraceRule[]
  /** Where the files go, with a folder `W3SVC1` for each site; null writes none, and the traces are in `fastify.traces` only. Defaults to `FailedReqLogFiles`. */
  readonly directory?: string | null
  /** How many traces a site's folder keeps: the oldest are deleted. From 1 to 10,000. Defaults to 50. */
  readonly maxLogFiles?: number
  /** KiB that a trace's XML may have; what is over it is cut with IIS's event. 0 for no limit. Defaults to 1024. */
  readonly maxLogFileSizeKB?: number
  /** Which files are written beside the XML. Defaults to `['html', 'har']`. */
  readonly formats?: ReadonlyArray<'html' | 'har'>
  /** How many traces `fastify.traces` keeps. Defaults to 50. */
  readonly keep?: number
  /** Bounds of what is recorded for exchanges that are not over. */
  readonly memory?: MemoryOptions
  /** Names whose values are replaced, beside those that always are. */
  readonly redact?: RedactOptions
  /** Writes every secret into the traces: Authorization, cookies, tokens. Defaults to false. */
  readonly dangerouslyWriteSecrets?: boolean
}

/** When an exchange is traced. `path` and `site` say for which ones the rule is; one of the others says when the trace is written. */
export interface TraceRule {
  /** IIS's wildcard pattern, `*` or `/api/*`; compared without case with the path, decoded. Defaults to `*`. */
  readonly path?: string
  /** The site's name. Defaults to all. */
  readonly site?: string
  /** The areas that are recorded, each with its verbosity. Defaults to all with `Verbose`. */
  readonly areas?: Readonly<Partial<Record<Area, Verbosity>>>
  /** Statuses and ranges with commas; a single one may have its substatus: `404.13,500-599,101`. A WebSocket has 101 when it opens and ends. */
  readonly statusCodes?: string
  /** Longer than this, in ms; of a WebSocket, its handshake. */
  readonly timeTaken?: number
  /** An event of this level or worse: `Warning`, `Error`, `CriticalError`. */
  readonly verbosity?: 'CriticalError' | 'Error' | 'Warning'
  /** How a WebSocket ends, or does not begin. */
  readonly webSocket?: WebSocketTrigger
  /** Of those that the other triggers name, or of all where there are none: one in so many, by chance. Defaults to 1. */
  readonly sample?: number
  /** Traces the exchanges that ask for it. */
  readonly onDemand?: OnDemandOptions
  /** The clients that are traced: IP addresses and networks, `192.0.2.7`, `10.0.0.0/8`. Defaults to all. */
  readonly clients?: readonly string[]
  /** Whether payloads of frames are kept. Defaults to none. */
  readonly payloads?: PayloadOptions
}

/** What a WebSocket comes to; one of them is enough. */
export interface WebSocketTrigger {
  /** Close codes, and `none` for an end without a Close frame (1006): `1002-1015,4000-4999,none`. */
  readonly closeCodes?: string
  /** How the transport ended. */
  readonly endings?: ReadonlyArray<'reset' | 'timeout' | 'drain'>
  /** It ended within so many ms of its 101. */
  readonly shorterThan?: number
  /** It ended without a message from the upstream. */
  readonly neverSpoke?: boolean
  /** It never got its 101: refused, failed, or answered with anything else. */
  readonly refused?: boolean
}

/** How a request asks for a trace: a header or a query parameter whose value is the secret. It is taken out of what the trace shows. */
export interface OnDemandOptions {
  readonly header?: string
  readonly query?: string
  /** At least 16 characters; compared in constant time. No default. */
  readonly secret: string
}

/** Payloads of a WebSocket's frames. */
export interface PayloadOptions {
  /** The most bytes of one frame that are kept. No default. */
  readonly maxBytes: number
}

/** How much is recorded at once. */
export interface MemoryOptions {
  /** Bytes of all exchanges under way; over it, the oldest are given up and counted. Defaults to 32 MiB. */
  readonly total?: number
  /** Bytes of one exchange. Defaults to 64 KiB. */
  readonly perExchange?: number
}

/** What more is secret. */
export interface RedactOptions {
  readonly headers?: readonly string[]
  readonly query?: readonly string[]
}
