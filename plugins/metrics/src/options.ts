// Which options are there, and which values are invalid?
import { unknownOptions } from './known-options.ts'
import { InvalidOptionsError } from './errors.ts'

/** A registry of `prom-client`, of `@prometheus-io/client` or of another library with the same methods. */
export interface MetricsRegistry {
  /** Gets metrics by the shape of `Metric`; the libraries name classes of their own. */
  registerMetric (metric: never): void
  /** Where it is there, the metrics are taken out again when the server closes. */
  removeSingleMetric? (name: string): void
  metrics (): Promise<string> | string
  readonly contentType: string
}

/** Options of the plugin. */
export interface MetricsOptions {
  /** The registry that gets the metrics, such as that of fastify-metrics. Defaults to one of its own, which has those of the process as well. */
  readonly registry?: MetricsRegistry
  /** Serves `/metrics`, `/livez` and `/readyz` on a port of its own, for those who may read it. Defaults to none. */
  readonly listen?: { readonly port: number, /** Defaults to `127.0.0.1`. */ readonly host?: string }
  /** The path of the metrics on this server itself, where every client may read it that reaches the path. Defaults to none. */
  readonly path?: string
  /** Whether this server is ready for requests, besides what is known here: it is not while it closes. Defaults to yes. */
  readonly ready?: () => boolean | Promise<boolean>
  /** Upper bounds of buckets, in seconds. */
  readonly buckets?: BucketOptions
}

/** Buckets of the histograms, each a rising list of seconds. */
export interface BucketOptions {
  /** Of requests. Defaults to 0.001 to 30. */
  readonly request?: readonly number[]
  /** Of handshakes. Defaults to 0.001 to 10. */
  readonly handshake?: readonly number[]
  /** Of connections to upstreams. Defaults to 0.001 to 10. */
  readonly connect?: readonly number[]
  /** Of the lives of WebSockets. Defaults to 1 s to a day. */
  readonly lifetime?: readonly number[]
}

/** The options as they run. */
export interface Settings {
  readonly registry: MetricsRegistry | null
  readonly listen: { readonly port: number, readonly host: string } | null
  readonly path: string | null
  readonly ready: () => boolean | Promise<boolean>
  readonly buckets: Readonly<Required<BucketOptions>>
}

const OPTIONS: Readonly<Record<keyof MetricsOptions, true>> = { registry: true, listen: true, path: true, ready: true, buckets: true }

const BUCKETS: Readonly<Required<BucketOptions>> = {
  request: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  handshake: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  connect: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  lifetime: [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 10_800, 43_200, 86_400]
}

/** Compiles the options, or throws one InvalidOptionsError that lists every mistake. */
export function compile (options: MetricsOptions): Settings {
  const mistakes = unknownOptions(options, Object.keys(OPTIONS))
  const { registry, listen, path, ready, buckets } = options
  if (registry !== undefined && (typeof registry?.registerMetric !== 'function' || typeof registry.metrics !== 'function')) mistakes.push('`registry` must be a registry of prom-client or @prometheus-io/client')
  if (listen !== undefined) {
    if (typeof listen !== 'object' || listen === null) mistakes.push('`listen` must be { port, host }')
    else {
      mistakes.push(...unknownOptions(listen, ['port', 'host']).map(mistake => mistake.replace('`', '`listen.')))
      if (!Number.isInteger(listen.port) || listen.port < 0 || listen.port > 65_535) mistakes.push('`listen.port` must be a port')
      if (listen.host !== undefined && (typeof listen.host !== 'string' || listen.host === '')) mistakes.push('`listen.host` must be a host name or an IP address')
    }
  }
  if (path !== undefined && !(typeof path === 'string' && /^\/[^?#\s]*$/.test(path))) mistakes.push('`path` must be a path that begins with a slash')
  if (ready !== undefined && typeof ready !== 'function') mistakes.push('`ready` must be a function')
  if (buckets !== undefined) {
    if (typeof buckets !== 'object' || buckets === null) mistakes.push('`buckets` must be { request, handshake, connect, lifetime }')
    else {
      mistakes.push(...unknownOptions(buckets, Object.keys(BUCKETS)).map(mistake => mistake.replace('`', '`buckets.')))
      for (const name of Object.keys(BUCKETS) as Array<keyof BucketOptions>) {
        const list: unknown = buckets[name]
        if (list !== undefined && !isRising(list)) mistakes.push(`\`buckets.${name}\` must be a list of rising numbers`)
      }
    }
  }
  if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.join('; '))
  return {
    registry: registry ?? null,
    listen: listen === undefined ? null : { port: listen.port, host: listen.host ?? '127.0.0.1' },
    path: path ?? null,
    ready: ready ?? (() => true),
    buckets: { ...BUCKETS, ...buckets }
  }
}

function isRising (list: unknown): boolean {
  return Array.isArray(list) && list.length > 0 && list.every((bound, at) => Number.isFinite(bound) && bound > 0 && (at === 0 || bound > list[at - 1]))
}
