// The options of server-farm, as far as a file of IIS sets them. Described by their structure: packages do not import each other.

/** How a server is chosen. */
export type FarmAlgorithm = 'weightedRoundRobin' | 'leastRequests' | 'leastResponseTime' | 'weightedTotalTraffic' | 'requestHash'

/** A server of a farm. */
export interface FarmServerOptions {
  address: string
  httpPort?: number
  httpsPort?: number
  weight?: number
  hostName?: string
  /** A server that is switched off in the file. */
  state?: 'unavailableImmediately'
  healthHost?: string
  healthPort?: number
}

/** Which server has a request with this hash. */
export interface FarmHash {
  queryStringNames?: string[]
  serverVariable?: string
  /** 0: one server for one hash, however much it has to do, as in ARR. */
  boundedLoad: 0
}

/** Requests by which servers are asked whether they are well. Times are in ms. */
export interface FarmHealth {
  url: string
  interval: number
  timeout: number
  retries: number
  statusCodes: string
  contains?: string
}

/** What the traffic tells of a server's health. */
export interface FarmLiveTraffic {
  statusCodes: string
  failures: number
  /** In ms. */
  period: number
}

/** A farm. */
export interface FarmOptions {
  name: string
  enabled?: false
  servers: FarmServerOptions[]
  algorithm: FarmAlgorithm
  hash?: FarmHash
  affinity?: { cookie: string }
  health?: FarmHealth
  liveTraffic?: FarmLiveTraffic
  minServers?: number
  whenAllDown?: 'none'
}

/** The options of `@fastify-arr/server-farm`. */
export interface ServerFarmOptions {
  farms: FarmOptions[]
}
