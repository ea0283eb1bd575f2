// What is a site made of? The options of each plugin.
import type { ArrLogOptions } from '@fastify-arr/arr-log'
import type { ErrorPagesOptions } from '@fastify-arr/error-pages'
import type { HostRoutingOptions } from '@fastify-arr/host-routing'
import type { ListenersOptions } from '@fastify-arr/listeners'
import type { RequestFilterOptions } from '@fastify-arr/request-filter'
import type { RequestTraceOptions } from '@fastify-arr/request-trace'
import type { ServerFarmOptions } from '@fastify-arr/server-farm'
import type { StaticContentOptions } from '@fastify-arr/static-content'
import type { UpstreamProxyOptions } from '@fastify-arr/upstream-proxy'
import type { UrlRewriteOptions } from '@fastify-arr/url-rewrite'

/** An https binding of a file, and how its certificate is exported from Windows. */
export interface Exported {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly advice: string
}

/** What each plugin is registered with; a key that is missing leaves it to the app. */
export interface SiteParts {
  readonly arrLog?: ArrLogOptions
  /** Without it, what fails is traced; without rules nothing is. */
  readonly requestTrace?: RequestTraceOptions
  /** Errors have pages only where it is there. */
  readonly errorPages?: ErrorPagesOptions
  readonly listeners?: ListenersOptions
  readonly hostRouting?: HostRoutingOptions
  /** What is refused before rules and proxy. */
  readonly requestFilter?: RequestFilterOptions
  readonly urlRewrite?: UrlRewriteOptions
  /** Files are served only where it is there. */
  readonly staticContent?: StaticContentOptions
  /** Servers that do the same, for rules that lead to their farm. */
  readonly serverFarm?: ServerFarmOptions
  readonly upstreamProxy?: UpstreamProxyOptions
  /** The https bindings of a file of IIS. */
  readonly exported?: readonly Exported[]
}
