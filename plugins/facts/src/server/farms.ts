// Which servers does a farm have, and which of them takes an exchange? `fastify.farms`, written by server-farm.
import type { FastifyRequest } from 'fastify'
import type { OpenTunnel } from './tunnels.ts'
import type { Moment } from '../request/upstream.ts'

/**
 * ARR's four states of a server. `draining`: only clients that are bound to it by affinity. `unavailableGracefully`: nothing new, and
 * its open WebSockets are told goodbye one after the other. `unavailableImmediately`: nothing new, and what is open is ended at once.
 */
export type FarmServerState = 'available' | 'draining' | 'unavailableGracefully' | 'unavailableImmediately'

/** The last probe of a server. */
export interface FarmProbe {
  /** ms since the epoch. */
  readonly at: number
  readonly succeeded: boolean
  /** What was answered; null where nothing was. */
  readonly status: number | null
  /** In words, e.g. `connect ECONNREFUSED`, `status 503 is not in 200-399`; null where it succeeded. */
  readonly why: string | null
  /** ms. */
  readonly time: number
}

/** A server of a farm: a snapshot at the moment of reading. */
export interface FarmServerInfo {
  /** As configured, and as the log has it: the address. Two servers with the same address have their ports behind it. */
  readonly name: string
  readonly address: string
  readonly httpPort: number
  readonly httpsPort: number
  readonly weight: number
  readonly state: FarmServerState
  /** False where probes or live traffic say so. */
  readonly healthy: boolean
  /** Why it is not healthy, in words; null where it is. */
  readonly why: string | null
  /** When it takes part again, ms since the epoch, where live traffic has put it out; null elsewhere. */
  readonly outUntil: number | null
  /** Open now: HTTP requests, handshakes before their 101, and tunnels. */
  readonly requests: number
  readonly handshakes: number
  readonly tunnels: number
  /** Since the farm is there. */
  readonly chosen: number
  readonly failed: number
  /** Of late, ms to the answer's head; null before the first. */
  readonly responseTime: number | null
  readonly lastProbe: FarmProbe | null
}

/** A farm: a snapshot at the moment of reading. */
export interface FarmInfo {
  readonly name: string
  readonly algorithm: string
  /** Handshakes that wait for a server. */
  readonly waiting: number
  readonly servers: readonly FarmServerInfo[]
}

/** Why an attempt failed, as far as a farm has to know. */
export interface FarmFailure {
  /** The stable code, e.g. `FST_ARR_UPSTREAM_REFUSED`. */
  readonly code: string
  readonly moment: Moment
  /** What the server answered; null where it did not. */
  readonly status: number | null
}

/** The server of one attempt. Each method is called in this order, `ended` once and always; calls after it change nothing. */
export interface FarmChoice {
  /** The server's name in its farm. */
  readonly name: string
  /** Its origin, e.g. `http://10.0.0.1:8080`. */
  readonly server: string
  /** The Host header that this server is to get; null leaves it to the proxy. */
  readonly host: string | null
  /** The head of its answer has come. The farm may change the headers (names and values in turn): its affinity is added there. */
  answered (status: number, headers: string[]): void
  /** The handshake has become a tunnel. */
  opened (tunnel: OpenTunnel): void
  /** The attempt is over: null for one that has done what it could, a failure for one that the server is to blame for. */
  ended (failure: FarmFailure | null): void
}

/** Why a farm has no server for a request. */
export interface FarmRefusal {
  /** `none`: no server may take it. `busy`: all are at their limits, and it has waited as long as it may. `lost`: the server that it is bound to is gone. */
  readonly reason: 'none' | 'busy' | 'lost'
  /** Seconds, for Retry-After; different from client to client. */
  readonly retryAfter: number
}

/** One exchange that goes to a farm: it asks for a server once per attempt, and no server twice as long as there is another one. */
export interface FarmVisit {
  readonly farm: string
  /**
   * Asks for a server. `chosen` is called once: at once where a server is free or none can be, else later. The function that is returned
   * takes the question back; after `chosen` it does nothing.
   */
  ask (chosen: (choice: FarmChoice | FarmRefusal) => void): () => void
  /**
   * Whether another attempt may follow this failure. To be asked before `ended`, and only where another attempt is safe: nothing was sent, it is
   * a handshake before its 101, or an idempotent request without a body. True takes one attempt out of the farm's budget.
   */
  mayTryAgain (failure: FarmFailure): boolean
}

/** What a proxy tells of an exchange when it asks a farm. */
export interface FarmQuestion {
  readonly request: FastifyRequest
  /** Whether the URL is https or wss: then a server's `httpsPort` is asked. */
  readonly secure: boolean
  readonly kind: 'request' | 'webSocket'
}

/** One farm, and what can be done with it by hand. */
export interface FarmHandle {
  readonly info: FarmInfo
  /** Sets a server's state, by the server's name. Throws where there is no such server. */
  setState (server: string, state: FarmServerState): void
  /** Evens out the open tunnels now: the idlest of the fullest servers are told goodbye. Gives how many tunnels are over. */
  rebalance (): number
}

/** `fastify.farms`: the farms of a server. */
export interface FarmsFact extends Iterable<FarmInfo> {
  /** Where it is there: a farm to be worked with. Throws where there is no such farm. */
  farm? (name: string): FarmHandle
  readonly size: number
  /** The farm with this name, in any case, or undefined. */
  get (name: string): FarmInfo | undefined
  /** For a proxy whose URL has this host and no port: the way to a server; null where no farm has this name. */
  visit (name: string, question: FarmQuestion): FarmVisit | null
  /**
   * Where it is there: a tunnel to this server has come from another process, and counts as one of its open ones until `ended` is called.
   * Null where there is no such farm, or server.
   */
  adopt? (name: string, server: string, request: FastifyRequest, tunnel: OpenTunnel): Pick<FarmChoice, 'ended'> | null
}

/** What the channel `CHANNELS.farmChosen` carries. */
export interface FarmChosen {
  readonly request: FastifyRequest
  readonly farm: string
  /** The server's name; null where there was none. */
  readonly server: string | null
  readonly algorithm: string
  /** `algorithm`, `affinity`, `lost affinity`, `retry`, `all down`; or the refusal's reason. */
  readonly why: string
  /** All servers as they were at this moment. */
  readonly candidates: readonly FarmServerInfo[]
}

/** What the channel `CHANNELS.farmChanged` carries. */
export interface FarmChanged {
  readonly farm: string
  readonly server: FarmServerInfo
  /** What has changed: its state, its health, or that it is there. */
  readonly change: 'state' | 'health' | 'added' | 'removed'
  readonly why: string
}

/** What the channel `CHANNELS.farmProbed` carries. */
export interface FarmProbed {
  readonly farm: string
  readonly server: string
  readonly probe: FarmProbe
}
