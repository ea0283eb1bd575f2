// What does a trace look like to browsers' developer tools? An HTTP Archive (HAR 1.2).
import { createRequire } from 'node:module'
import type { Trace } from '../trace/trace.ts'
import { attemptsOf } from '../story/attempts.ts'
import { webSocketOf } from '../story/web-socket.ts'
import { clientEntry, upstreamEntry } from './har/entry.ts'

const { version: VERSION } = createRequire(import.meta.url)('../../package.json') as { version: string }

/**
 * The trace as an HTTP Archive: the client's side first, then each attempt to reach an upstream. `_side` tells them apart, and WebSockets have
 * `_resourceType` and `_webSocketMessages` as Chrome writes them, with `_size` where a frame's payload was not kept.
 */
export function toHar (trace: Trace): string {
  const life = webSocketOf(trace)
  const entries = [clientEntry(trace, life), ...attemptsOf(trace).map(attempt => upstreamEntry(trace, attempt, life))]
  return JSON.stringify({
    log: {
      version: '1.2',
      creator: { name: '@fastify-arr/request-trace', version: VERSION },
      pages: [],
      entries,
      comment: [trace.id, ...trace.findings.map(({ sentence }) => sentence)].join('\n')
    }
  }, null, 1)
}
