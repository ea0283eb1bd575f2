// What can be said about sites? The options, as they are written.

import type { Protocol } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { unknownOptions } from './known-options.ts'

/** Options of the plugin. */
export interface HostRoutingOptions {
  /** The sites, in order: a site without an id gets its position, counted from 1. */
  readonly sites: readonly SiteOptions[]
  /**
   * What becomes of a request whose host no site has. `refuse` answers 400 "Invalid Hostname" as HTTP.sys does; `pass` lets it go on
   * with `request.site` null; a function may answer, and lets it pass where it does not. Default: 'refuse'.
   */
  readonly unknownHost?: 'refuse' | 'pass' | UnknownHostHandler
}

/** Answers a request for an unknown host as a route's handler does, by `reply` or by what it returns, or lets it pass by answering nothing. */
export type UnknownHostHandler = (request: FastifyRequest, reply: FastifyReply) => unknown

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

// A record, so that the compiler misses the key that is left out.
const OPTIONS: Readonly<Record<keyof HostRoutingOptions, true>> = { sites: true, unknownHost: true }

/** The mistakes in the plugin's own options, a text for each; those in the sites are found when they are compiled. */
export function mistakesIn (options: HostRoutingOptions): string[] {
  const mistakes = unknownOptions(options, Object.keys(OPTIONS))
  const unknownHost = options.unknownHost ?? 'refuse'
  if (unknownHost !== 'refuse' && unknownHost !== 'pass' && typeof unknownHost !== 'function') {
    mistakes.push("`unknownHost` must be 'refuse', 'pass' or a function")
  }
  return mistakes
}
