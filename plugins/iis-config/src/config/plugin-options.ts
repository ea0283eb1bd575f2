// The options of the plugins, as far as a file of IIS sets them. Described by their structure: packages do not import each other.
import type { ServerFarmOptions } from './farm-options.ts'
import type { RequestFilterOptions } from './filter-options.ts'
import type { UpstreamProxyOptions } from './proxy-options.ts'
import type { RequestTraceOptions } from './trace-options.ts'
import type { UrlRewriteOptions } from '../rewrite/rewrite-options.ts'
import type { FLAGS } from '../sections/log-flags.ts'

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

/** The options of `@fastify-arr/host-routing`. */
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

/** The options of `@fastify-arr/listeners`, except `certificate`: no file of IIS holds a certificate. */
export interface ListenersOptions {
  listeners: ListenerOptions[]
}

export interface CustomField {
  logFieldName: string
  sourceType: 'RequestHeader' | 'ResponseHeader' | 'ServerVariable'
  sourceName: string
}

/** A column of the W3C format. */
export type LogField = (typeof FLAGS)[keyof typeof FLAGS]

/** The options of `@fastify-arr/arr-log`. */
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

/** A folder of `@fastify-arr/static-content`. */
export interface ContentFolder {
  /** Present unless `served` is false. */
  root?: string
  path?: string
  site?: string
  defaultDocuments?: string[]
  mediaTypes?: Record<string, string | null>
  /** `maxAge` is in seconds. */
  clientCache?: { maxAge?: number, expires?: string, noCache?: boolean, custom?: string }
  compress?: boolean
  hiddenSegments?: string[]
  ignoreCase?: boolean
  served?: false
}

/** The options of `@fastify-arr/static-content`. */
export interface StaticContentOptions {
  folders: ContentFolder[]
}

/** A page of `@fastify-arr/error-pages`. */
export type ErrorPageOptions = { file: string, languages?: string } | { text: string } | { redirect: string }

export interface ErrorPageRules {
  pages?: Record<string, ErrorPageOptions>
  errorMode?: 'Custom' | 'DetailedLocalOnly' | 'Detailed'
  existingResponse?: 'Auto' | 'Replace' | 'PassThrough'
}

/** The options of `@fastify-arr/error-pages`. */
export interface ErrorPagesOptions extends ErrorPageRules {
  places?: (ErrorPageRules & { site?: string, path?: string })[]
}

/** The options of each plugin. A key is present only where the file has settings for that plugin. */
export interface PluginOptions {
  requestTrace?: RequestTraceOptions
  hostRouting?: HostRoutingOptions
  listeners?: ListenersOptions
  requestFilter?: RequestFilterOptions
  errorPages?: ErrorPagesOptions
  urlRewrite?: UrlRewriteOptions
  staticContent?: StaticContentOptions
  serverFarm?: ServerFarmOptions
  upstreamProxy?: UpstreamProxyOptions
  arrLog?: ArrLogOptions
}
