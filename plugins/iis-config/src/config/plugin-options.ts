// Which options do the other packages take, as far as a file of IIS can fill them? Described by their structure.
import type { FLAGS } from '../sections/log.ts'
import type { UrlRewriteOptions } from '../rewrite/rewrite-options.ts'

export interface SiteOptions {
  name: string
  id?: number
  bindings?: string[]
  https?: {
    redirect?: boolean
    /** `maxAge` is in seconds. */
    hsts?: { maxAge: number, includeSubDomains?: boolean, preload?: boolean }
  }
  enabled?: boolean
}

/** What `@fastify-arr/host-routing` is registered with. */
export interface HostRoutingOptions {
  sites: SiteOptions[]
}

export interface ListenerOptions {
  name?: string
  port: number
  host: string
  https?: true | { tls: { maxVersion: 'TLSv1.2' } }
  http2?: boolean
}

/** What `@fastify-arr/listeners` is registered with, next to a `certificate`, which no file of IIS holds. */
export interface ListenersOptions {
  listeners: ListenerOptions[]
}

/** What `@fastify-arr/upstream-proxy` is registered with. Times are in ms. */
export interface UpstreamProxyOptions {
  websocket?: boolean
  hostHeader?: string
  reverseRewrite?: boolean
  forwarded?: { for?: 'append' | 'keep', port?: boolean }
  timeouts?: { firstByte?: number, idle?: number }
  maxHeadSize?: number
}

export interface CustomField {
  logFieldName: string
  sourceType: 'RequestHeader' | 'ResponseHeader' | 'ServerVariable'
  sourceName: string
}

/** A column of the W3C format. */
export type LogField = (typeof FLAGS)[keyof typeof FLAGS]

/** What `@fastify-arr/arr-log` is registered with. */
export interface ArrLogOptions {
  file?: boolean
  directory?: string
  format?: 'w3c' | 'ncsa'
  fields?: LogField[]
  period?: 'hourly' | 'daily' | 'weekly' | 'monthly' | 'size' | 'none'
  truncateSize?: number
  localTimeRollover?: boolean
  central?: boolean
  customFields?: CustomField[]
  maxCustomFieldLength?: number
}

/** Options for each plugin; a key is there only where the file says something for that plugin. */
export interface PluginOptions {
  hostRouting?: HostRoutingOptions
  listeners?: ListenersOptions
  urlRewrite?: UrlRewriteOptions
  upstreamProxy?: UpstreamProxyOptions
  arrLog?: ArrLogOptions
}
