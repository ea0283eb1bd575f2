// What may be written in the plugin's options?
import type { FarmServerState } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import type { GoodbyeOptions, RebalanceOptions } from './goodbye/goodbye-options.ts'

export type { GoodbyeOptions, RebalanceOptions } from './goodbye/goodbye-options.ts'

/** Options of the plugin. */
export interface ServerFarmOptions {
  /** The farms. Defaults to none; they may come later, by `fastify.farms.replace`. */
  readonly farms?: readonly FarmOptions[]
}

/** One farm: servers that do the same. */
export interface FarmOptions {
  /** The host by which a URL names it, e.g. `chat` for `http://chat/`: letters, digits, dots, hyphens and underscores; compared without case. No default. */
  readonly name: string
  /** False leaves the farm out: its name is then a host like any other, as in ARR. Defaults to true. */
  readonly enabled?: boolean
  /** The servers, each as an address or with more; or a name that DNS resolves to them. No default. */
  readonly servers: ReadonlyArray<string | ServerOptions> | DnsOptions
  /** How a server is chosen. Defaults to `leastLoad`. */
  readonly algorithm?: Algorithm
  /** What `requestHash` is computed from. Needed for that algorithm alone. */
  readonly hash?: HashOptions
  /** Whether clients stay with the server that they had first. Defaults to no. */
  readonly affinity?: AffinityOptions
  /** Requests by which servers are asked whether they are well. Defaults to none. */
  readonly health?: HealthOptions
  /** What the traffic itself tells of a server's health; false switches it off. Defaults to connections that fail. */
  readonly liveTraffic?: false | LiveTrafficOptions
  /** When another server is tried; false switches it off. */
  readonly retry?: false | RetryOptions
  /** How much one server takes. Defaults to no limit. */
  readonly limits?: LimitOptions
  /** How long a server that has come (back) gets less than its share, in ms: it begins with a tenth. Defaults to 0: its share at once. */
  readonly slowStart?: number
  /** How the tunnels of a server that goes are told goodbye. */
  readonly goodbye?: GoodbyeOptions
  /** What happens to the tunnels of a server that is no longer healthy: `keep`, or `close` as `goodbye` says. Defaults to `keep`. */
  readonly onUnhealthy?: 'keep' | 'close'
  /** Evens out the open tunnels. Not with `affinity` or `requestHash`, which bring the clients back to the same servers. Defaults to false. */
  readonly rebalance?: false | RebalanceOptions
  /** How many servers are used at least, even where health says no: the ones that were put out last come first. Defaults to 0, as in ARR. */
  readonly minServers?: number
  /** Where no server is healthy: `all` takes every one that is available, `none` refuses with 503. Defaults to `all`. */
  readonly whenAllDown?: 'all' | 'none'
}

/**
 * `leastLoad`: the fewest open requests, handshakes and tunnels by weight. `weightedRoundRobin`: ARR's default, smooth. `leastTunnels`: handshakes
 * and tunnels only, by weight. `leastResponseTime`: the time to the answer's head, times the load. `powerOfTwoChoices`: the less loaded of two at random.
 * `random`: by weight. `requestHash`: the same server for the same `hash`, consistent, with bounded load.
 * ARR's other names are taken and mean what is closest: `leastRequests` is `leastLoad`, `weightedTotalTraffic` is `weightedRoundRobin`.
 */
export type Algorithm =
  | 'leastLoad' | 'weightedRoundRobin' | 'leastTunnels' | 'leastResponseTime' | 'powerOfTwoChoices' | 'random' | 'requestHash'
  | 'leastRequests' | 'weightedTotalTraffic'

/** One server. */
export interface ServerOptions {
  /** A host name or an IP address. No default. */
  readonly address: string
  /** For `http` URLs. Defaults to 80. */
  readonly httpPort?: number
  /** For `https` URLs. Defaults to 443. */
  readonly httpsPort?: number
  /** Its share, compared with that of the others, from 0 to 65535; 0 gets nothing as long as another can. Defaults to 100. */
  readonly weight?: number
  /** The Host header that it gets. Defaults to what the proxy says. */
  readonly hostName?: string
  /** Its state at the beginning. Defaults to `available`. */
  readonly state?: FarmServerState
  /** What the probes ask in the place of its address and port. */
  readonly healthHost?: string
  readonly healthPort?: number
  /** Limits of its own. */
  readonly limits?: Pick<LimitOptions, 'tunnels' | 'handshakes'>
}

/** Servers by DNS: the records of a name are looked up anew when their time to live is over. */
export interface DnsOptions {
  /** The name, e.g. `chat.default.svc.cluster.local`; for SRV with its service, e.g. `_http._tcp.chat.example`. No default. */
  readonly dns: string
  /** `A`, `AAAA`, both of them (`addresses`), or `SRV` with its ports, weights and priorities. Defaults to `addresses`. */
  readonly type?: 'A' | 'AAAA' | 'addresses' | 'SRV'
  /** What holds for each server that is found; SRV's port and weight go before. */
  readonly server?: Omit<ServerOptions, 'address'>
  /** The name servers, each `address` or `address:port`. Defaults to the system's. */
  readonly resolvers?: readonly string[]
  /** Bounds of the time to live, in ms. Default to 1000 and 60,000. */
  readonly minInterval?: number
  readonly maxInterval?: number
}

/** What a hash is computed from: the first that a request has; the client's address where it has none. */
export interface HashOptions {
  /** A header's name. */
  readonly header?: string
  /** A cookie's name. */
  readonly cookie?: string
  /** Names of the query string, as ARR's `queryStringNames`; `*` is the whole of it. */
  readonly queryStringNames?: readonly string[]
  /** IIS's server variable, as ARR's `hashServerVariable`: `URL`, `QUERY_STRING`, `HTTP_HOST`, `REMOTE_ADDR` and other `HTTP_…`. */
  readonly serverVariable?: string
  /** Anything else: a text. */
  readonly of?: (request: FastifyRequest) => string | null | undefined
  /** How much more than the mean load a server takes before the next one does; 0 for any amount. Defaults to 1.25. */
  readonly boundedLoad?: number
}

/** Which client stays with which server. One of `cookie`, `header` and `query` must be given; several are tried in this order. */
export interface AffinityOptions {
  /** The name of the cookie that names the server, ARR's is `ARRAffinity`. */
  readonly cookie?: string
  /** A header whose value is hashed onto a server: for clients without cookies. */
  readonly header?: string
  /**
   * A name of the query string whose value is hashed onto a server, such as a room or a user. It must be one that the client has from its first request on:
   * socket.io's `sid` is given by the server that answered first, and the hash would mean another one.
   */
  readonly query?: string
  /** The cookie's SameSite. Defaults to none written, as in ARR. */
  readonly sameSite?: 'Strict' | 'Lax' | 'None'
  /** What happens where its server is gone: `redistribute` to another one, or `refuse` with 503. Defaults to `redistribute`. */
  readonly onLost?: 'redistribute' | 'refuse'
}

/** Probes. */
export interface HealthOptions {
  /** An absolute URL, of whose host each server is asked in its turn, as in ARR; or a path, with the server's own address as host. No default. */
  readonly url: string
  /** ms between two probes of one server, give or take a fifth. Defaults to 30,000. */
  readonly interval?: number
  /** ms. Defaults to 30,000, and at most the interval. */
  readonly timeout?: number
  /** How many failures in a row put a server out. Defaults to 3. */
  readonly retries?: number
  /** How many successes in a row take it back. Defaults to 1. */
  readonly successes?: number
  /** Which statuses are well: numbers and ranges with commas, `200-399`, `404-`. Defaults to `200-399`. */
  readonly statusCodes?: string
  /** A text that the first 64 KiB of the body must contain. Defaults to none. */
  readonly contains?: string
  /** Opens a WebSocket, which must give a 101, and ends it with Close 1000; with `ping`, its ping must be answered as well. Defaults to false. */
  readonly webSocket?: boolean | 'ping'
  /** Whether https probes verify the server's certificate. Defaults to true. */
  readonly rejectUnauthorized?: boolean
}

/** What puts a server out of the farm for a while. */
export interface LiveTrafficOptions {
  /** Which statuses of answers are failures, as ARR's `liveTrafficFailureCodes`: `500-`. Defaults to none. */
  readonly statusCodes?: string
  /** How many failures within `period`. Defaults to 3 connections that fail in a row with `period` 0; ARR's is 10. */
  readonly failures?: number
  /** ms; 0 counts failures in a row, however long that takes. Defaults to 0. */
  readonly period?: number
  /** How long it is out the first time, in ms; doubled each time, up to `maxOut`. Defaults to 5000. */
  readonly out?: number
  /** ms. Defaults to 300,000. */
  readonly maxOut?: number
  /** The share of the farm that may be out because of live traffic. Defaults to 0.5: of two servers one, of three one. */
  readonly atMost?: number
}

/** What a failure of a server leads to. */
export interface RetryOptions {
  /** How many other servers are tried for one exchange. Defaults to 2. */
  readonly attempts?: number
  /**
   * After what: `connect` (no connection came about), `reset` (it was lost before the answer's head), `timeout` (the answer did not come in time),
   * or a status of 500 and more. Only where it is safe: nothing was sent; a WebSocket's handshake; an idempotent request without a body.
   * Defaults to `connect` and `reset`.
   */
  readonly on?: ReadonlyArray<'connect' | 'reset' | 'timeout' | number>
  /** How many attempts more may be made, as a share of the exchanges of the last 10 s; 10 may always. Defaults to 0.2. */
  readonly budget?: number
}

/** How much one server takes; 0 is no limit. */
export interface LimitOptions {
  /** Open tunnels. Defaults to 0. */
  readonly tunnels?: number
  /** Handshakes under way, so that one server's return is no storm for it. Defaults to 0. */
  readonly handshakes?: number
  /** How long a handshake may wait for a server, in ms. Defaults to 2000. */
  readonly wait?: number
  /** How many may wait at once. Defaults to 10,000. */
  readonly waiting?: number
}
