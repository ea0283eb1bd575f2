// What may be written in the plugin's options?
import type { DynamicIpSecurityOptions, IpSecurityOptions } from './addresses/options.ts'
import type { RequestFilteringOptions } from './request-filtering/options.ts'
import type { OriginsOption, WebSocketsPerClientOptions } from './web-sockets/options.ts'

/** The parts of a filter. A part that is left out is that of the place around it; `false` switches it off. */
export interface FilterOptions {
  /** `<ipSecurity>`: which addresses are let in. Defaults to all. */
  readonly ipSecurity?: false | IpSecurityOptions
  /** `<dynamicIpSecurity>`: how much one address may ask. Defaults to no limit. */
  readonly dynamicIpSecurity?: false | DynamicIpSecurityOptions
  /** `<requestFiltering>`: which requests are let in. Defaults to all. */
  readonly requestFiltering?: false | RequestFilteringOptions
  /** Which pages may open WebSockets. Defaults to all. */
  readonly origins?: false | OriginsOption
  /** How many WebSockets and handshakes one client may have. Defaults to no limit. */
  readonly webSocketsPerClient?: false | WebSocketsPerClientOptions
}

/** A site, a path or both, with parts of their own. */
export interface PlaceOptions extends FilterOptions {
  /** The name of the site, as host-routing writes it to `request.site`. Defaults to all sites. */
  readonly site?: string
  /** The path of the URLs under which it stands, e.g. `/app`; compared without case, decoded. Defaults to `/`. */
  readonly path?: string
}

/** Options of the plugin: the parts for every request, and places that have others. */
export interface RequestFilterOptions extends FilterOptions {
  /** Of those that hold a request's site and path, the one with the longest path says it; one of a site before one of all sites. Defaults to none. */
  readonly places?: readonly PlaceOptions[]
}
