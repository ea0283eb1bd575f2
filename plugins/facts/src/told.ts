// What does a reader find? Any fact may be missing: its writer need not be registered, nor be ours.
import type { AttemptHeaders } from './request/attempt-headers.ts'
import type { FarmsFact } from './server/farms.ts'
import type { ListenersFact } from './server/listeners.ts'
import type { Rejection } from './request/rejection.ts'
import type { Rewrite } from './request/rewrite.ts'
import type { ServedFile } from './request/served-file.ts'
import type { Site, SitesFact } from './request/site.ts'
import type { TraceFact } from './request/traces.ts'
import type { TracesFact } from './server/traces.ts'
import type { TunnelsFact } from './server/tunnels.ts'
import type { UpstreamsFact } from './server/upstreams.ts'
import type { WorkersFact } from './server/workers.ts'
import type { Upstream } from './request/upstream.ts'

/** The facts on a request, each with one writer. */
export interface RequestFacts {
  readonly site?: Site | null
  readonly rejection?: Rejection | null
  readonly rewrite?: Rewrite | null
  readonly servedFile?: ServedFile | null
  readonly upstream?: Upstream | null
  readonly trace?: TraceFact | null
  readonly attemptHeaders?: AttemptHeaders | null
}

/** The facts on a server. */
export interface ServerFacts {
  readonly sites?: SitesFact
  readonly tunnels?: TunnelsFact
  readonly farms?: FarmsFact
  readonly listeners?: ListenersFact
  readonly traces?: TracesFact
  readonly upstreams?: UpstreamsFact
  readonly workers?: WorkersFact
}

/**
 * A fact of which every part may be missing: for readers that take those of other writers as well, such as a plugin of the user's own
 * that writes `request.upstream = { server }`.
 */
export type Told<Fact> = Fact extends (...parameters: never[]) => unknown
  ? Fact
  : Fact extends object ? { readonly [Key in keyof Fact]?: Told<Fact[Key]> | undefined } : Fact
