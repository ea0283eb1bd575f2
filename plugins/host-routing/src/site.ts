// What is a site? What an administrator writes, and what a request is told: the fact `request.site`.

/** The protocols a binding can name. */
export type Protocol = 'http' | 'https'

/** One way into a site, as IIS's `<binding>` has it. */
export interface BindingOptions {
  /** The protocol the connection speaks. Either, when left out. */
  readonly protocol?: Protocol
  /** `reverseproxy.com`, `*.example.com` (the left-most label only), `*` or an empty text for every host. Every host, when left out. */
  readonly host?: string
  /** The local port the connection came in on, which is not what the Host header says. Any, when left out. */
  readonly port?: number
  /** The local IP address the connection came in on. Any, when left out. */
  readonly address?: string
}

/** A site as it is written in the options. */
export interface SiteOptions {
  /** Names the site in logs, errors and `constraints: { site }`. */
  readonly name: string
  /** The site's id, as in `W3SVC1`. Its position in the list, counted from 1, when left out. */
  readonly id?: number
  /** Hosts on any port and protocol: short for bindings that name only a host. */
  readonly hosts?: readonly string[]
  /** Bindings, as objects or as IIS writes them: `http/*:80:reverseproxy.com`, `*:443:`. */
  readonly bindings?: readonly (BindingOptions | string)[]
  /** What https means to this site. Neither redirect nor HSTS, when left out. */
  readonly https?: HttpsOptions
  /** False leaves the site's hosts unknown, as a stopped site's are. Default: true. */
  readonly enabled?: boolean
}

/** What https means to a site. */
export interface HttpsOptions {
  /** Sends http requests to https. An object sets where and how. Default: false. */
  readonly redirect?: boolean | RedirectOptions
  /** Sends Strict-Transport-Security with https replies (RFC 6797). `true` is a year. Default: false. */
  readonly hsts?: boolean | HstsOptions
}

export interface RedirectOptions {
  /** The port to send to. The site's own https binding, else that of an https listener, else 443, when left out. */
  readonly port?: number
  /** The redirect's status. 301 for GET and HEAD and 308, which keeps method and body, for the rest, when left out. */
  readonly statusCode?: 301 | 302 | 307 | 308
}

export interface HstsOptions {
  /** Seconds. Default: 31536000, a year. */
  readonly maxAge?: number
  /** Default: false. */
  readonly includeSubDomains?: boolean
  /** Default: false. */
  readonly preload?: boolean
}

/** The binding a request came by. */
export interface Binding {
  /** What the connection spoke. */
  readonly protocol: Protocol
  /** The host as the binding has it, normalised: `reverseproxy.com`, `*.example.com`, or `*`. */
  readonly host: string
  /** The port the binding names, or null where it names none. */
  readonly port: number | null
}

/** The fact `request.site`: which site a request is for, and by which of its bindings. */
export interface Site {
  readonly name: string
  readonly id: number
  readonly binding: Binding
}

/** The fact `request.rejection`: why a request reached no site. `Hostname`: the host is unknown, missing or no host name. `BadRequest`: it names two. */
export interface Rejection {
  readonly reason: 'Hostname' | 'BadRequest'
}
