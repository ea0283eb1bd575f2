// Who speaks to the page, and what can be shown?
import { readFileSync } from 'node:fs'
import type { ServerFacts } from '@fastify-arr/facts'
import type { Hello } from '../messages/index.ts'

export const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { readonly version: string }

/** The facts of a server, and the rules' own words. */
export type Server = ServerFacts & { readonly urlRewrite?: { readonly explain?: unknown } }

/** Read when it is asked for: plugins may be registered after this one. */
export function helloOf ({ tunnels, farms, sites, listeners, urlRewrite, traces, workers }: Server, actions: boolean): Hello {
  return {
    version,
    process: process.pid,
    node: process.version,
    ...workers?.supervised === true && { worker: { number: workers.number, pid: process.pid, generation: workers.generation, count: workers.count } },
    startedAt: Math.round(performance.timeOrigin),
    has: {
      webSockets: tunnels !== undefined,
      farms: farms !== undefined,
      sites: sites !== undefined,
      listeners: listeners !== undefined,
      explain: typeof urlRewrite?.explain === 'function',
      traces: traces !== undefined
    },
    actions
  }
}
