// Which site is a request for? `request.site` and `fastify.sites`, written by host-routing.

/** The protocols a binding can name. */
export type Protocol = 'http' | 'https'

/** The binding a request came by. */
export interface Binding {
  /** What the connection spoke. */
  readonly protocol: Protocol
  /** The host as the binding has it, normalised: `reverseproxy.com`, `*.example.com`, or `*`. */
  readonly host: string
  /** The port the binding names, or null where it names none. */
  readonly port: number | null
}

/** The fact `request.site`: which site a request is for, and by which of its bindings. Final in `onRequest`; null where the host is unknown. */
export interface Site {
  readonly name: string
  /** As in `W3SVC1`. */
  readonly id: number
  readonly binding: Binding
}

/** A binding as a site has it; null means any. */
export interface SiteBinding {
  readonly protocol: Protocol | null
  /** `name`, `*.suffix` or `*`. */
  readonly host: string
  readonly port: number | null
  /** The local IP address. */
  readonly address: string | null
}

/** A site as it stands in the table. */
export interface SiteInfo {
  readonly name: string
  readonly id: number
  readonly bindings: readonly SiteBinding[]
  /** False for a site that is configured and not served. */
  readonly enabled: boolean
}

/** `fastify.sites`, as far as others read it: the table of sites at this moment. */
export interface SitesFact extends Iterable<SiteInfo> {
  readonly size: number
  get (name: string): SiteInfo | null
}

/** What a replacement of the table changed, as names of sites. */
export interface SitesReplaced {
  readonly added: readonly string[]
  /** No longer there, or no longer enabled. */
  readonly removed: readonly string[]
  readonly kept: readonly string[]
}
