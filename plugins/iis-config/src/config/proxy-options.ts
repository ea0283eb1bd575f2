// The options of upstream-proxy, as far as a file of IIS sets them. Described by their structure: packages do not import each other.

/** The options of `@fastify-arr/upstream-proxy`. Times are in ms. */
export interface UpstreamProxyOptions {
  websocket?: boolean | { ping: number }
  hostHeader?: string
  reverseRewrite?: boolean
  forwarded?: { for?: 'append' | 'keep', port?: boolean }
  timeouts?: { firstByte?: number, idle?: number }
  /** `idle: 0` keeps no connection. */
  connections?: { idle: number }
  maxHeadSize?: number
  /** What differs for a farm, by its name. */
  farms?: Record<string, FarmProxyOptions>
}

/** What is otherwise for the servers of one farm. */
export type FarmProxyOptions = Pick<UpstreamProxyOptions, 'hostHeader' | 'reverseRewrite' | 'forwarded' | 'timeouts' | 'connections' | 'maxHeadSize'>
