// What is traced? What the file of IIS says; where it says nothing, and in front of the article's backend, what fails.
import { join } from 'node:path'
import type { RequestTraceOptions } from '@fastify-arr/request-trace'
import type { SiteParts } from './parts.ts'

/** Errors of HTTP, and WebSockets that are refused, or end otherwise than with Close 1000 or 1001. */
const FAILURES: RequestTraceOptions = {
  rules: [{ statusCodes: '400-599', webSocket: { closeCodes: '1002,1003,1006-1015,none', endings: ['reset', 'timeout'], refused: true } }]
}

/** The folder of the traces, beside those of the logs: IIS's name for it. */
export function traceFolder (logDirectory: string): string {
  return join(logDirectory, 'FailedReqLogFiles')
}

/** The options; null where nothing is traced. */
export function tracesOf ({ requestTrace = FAILURES }: SiteParts, logDirectory: string): RequestTraceOptions | null {
  return requestTrace.rules?.length === 0 ? null : { ...requestTrace, directory: traceFolder(logDirectory) }
}
