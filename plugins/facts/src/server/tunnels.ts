// Which WebSockets are open? `fastify.tunnels`, written by upstream-proxy.
import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { HandOver, SendTunnel, TunnelCarrier, TunnelRecord } from './hand-over.ts'
import type { Flow, Side, TunnelFact } from '../request/upstream.ts'

/** One open tunnel: a snapshot at the moment of reading. */
export interface OpenTunnel {
  readonly id: string
  /** The request that it began with, and its facts: `request.upstream.tunnel` goes on changing. */
  readonly request: FastifyRequest
  /** The site that the request belongs to, or null where there are no sites. */
  readonly site: string | null
  /** The upstream's origin. */
  readonly upstream: string
  /** What the tunnel speaks, in lower case: `websocket`, `tcp`, `spdy/3.1`. */
  readonly protocol: string
  /** When it opened, ms since the epoch. */
  readonly since: number
  /** When bytes last passed, ms since the epoch; every frame counts, pings too. */
  readonly lastActivity: number
  readonly remoteAddress: string
  /** Whose it is, as upstream-proxy's `websocket.key` says; null where it says nothing. */
  readonly key: string | null
  /** When the proxy will end it, as `websocket.until` says, ms since the epoch; null where it says nothing. */
  readonly until: number | null
  /** Client to upstream. */
  readonly received: Readonly<Flow>
  /** Upstream to client. */
  readonly sent: Readonly<Flow>
  /**
   * Sends a Close frame to both sides of a WebSocket (RFC 6455 §5.5.1), and cuts it where it has not ended after `websocket.closeGrace`.
   * Cuts at once a WebSocket whose frames cannot be read, and a tunnel of another protocol. Defaults to code 1000 without a reason.
   *
   * @throws FST_ARR_PROXY_INVALID_CLOSE for a code that no endpoint may send (RFC 6455 §7.4).
   */
  close (code?: number, reason?: string): void
  /**
   * Watches what passes from now on, without payloads. The function that is returned ends it, also from inside a call. The frame that is passing is
   * not told, except a Close frame's code and reason; frames that cannot be read any more are told as that at once. Of a tunnel that is over nothing is told.
   */
  watch (watch: Omit<TunnelWatch, 'payload'>): () => void
}

/** Which tunnels are meant: those that have all that is given. */
export interface TunnelFilter {
  /** The site's name. */
  readonly site?: string
  /** The upstream's origin, as `OpenTunnel.upstream` has it. */
  readonly server?: string
  /** Whose they are, as `OpenTunnel.key` has it. */
  readonly key?: string
}

/** `fastify.tunnels`: the open tunnels of a server. */
export interface TunnelsFact extends Iterable<OpenTunnel> {
  readonly size: number
  /** The tunnel with this id, or undefined. Takes the same time however many there are. */
  get (id: string): OpenTunnel | undefined
  /** Where it is there: the requests of all open tunnels, without a snapshot of each: for whoever looks at many of them often. `request.upstream.tunnel` goes on changing. */
  requests? (): readonly FastifyRequest[]
  /**
   * The tunnels of a site, of a server or of a key, as they are at the call; with an empty filter all of them.
   *
   * @throws FST_ARR_PROXY_INVALID_FILTER for a property that is unknown or no text, `undefined` included: what is missing must not mean all.
   */
  of (filter: TunnelFilter): Iterable<OpenTunnel>
  /**
   * Closes the tunnels of a site, of a server or of a key, each as `OpenTunnel.close` does, and refuses their handshakes that are under way with 403.
   * Returns how many there were of both. Defaults to code 1000 without a reason.
   *
   * @throws FST_ARR_PROXY_INVALID_FILTER as `of` does.
   * @throws FST_ARR_PROXY_INVALID_CLOSE for a code that no endpoint may send (RFC 6455 §7.4).
   */
  closeAll (filter: TunnelFilter, code?: number, reason?: string): number
  /**
   * Where it is there: moves the open tunnels that can move to another process, by `send`, several at a time. Resolves when each has moved or stays.
   * A tunnel that is closed while it is under way is closed only where it stays.
   */
  handOver? (send: SendTunnel): Promise<HandOver>
  /**
   * Where it is there: takes a tunnel from another process. What its sockets have read since they came is passed on. Where it throws, both
   * sockets are the caller's to destroy.
   *
   * @throws FST_ARR_PROXY_INVALID_RECORD for a record that is not valid here: of another version, or of a proxy that is not there.
   */
  adopt? (record: TunnelRecord, client: Socket, upstream: Socket): void
  /** Where it is there: names someone whose own record of a tunnel moves with it. A second time changes nothing. */
  carry? (carrier: TunnelCarrier): void
}

/** What the channel `CHANNELS.tunnelClose` carries; the fact is final. */
export interface TunnelMessage {
  readonly request: FastifyRequest
  readonly tunnel: TunnelFact
}

/**
 * Who watches what passes through one tunnel. Called while the bytes pass: each call must be short, keep no buffer, and not throw.
 * `side` is where it comes from: the client, the upstream, or the proxy itself, whose frames are told once for each side that gets one.
 * A watch that throws is called no more.
 */
export interface TunnelWatch {
  /**
   * A frame's header was read (RFC 6455 §5.2); `rsv` are the reserved bits as in the first byte (0x40, 0x20, 0x10), `length` the payload's.
   * A header that is not valid is told as well, before `unreadable`; its length is 0 where that has not come yet.
   */
  frame (side: Side, opcode: number, fin: boolean, rsv: number, length: number, masked: boolean): void
  /** Where it is there: a part of the current frame's payload, unmasked; valid during the call only. Not for Close frames, nor for the proxy's own. */
  payload? (side: Side, part: Buffer): void
  /** After its `frame`: a Close frame has passed, or the proxy has sent its own; `code` is null where the frame has none. */
  close (side: Side, code: number | null, reason: string): void
  /** The frames of one direction can no longer be read. */
  unreadable (side: Side): void
  /** Once for each: a socket has ended: in order, by an error (`systemCode` such as `ECONNRESET`), or cut by the proxy. */
  ended (side: 'client' | 'upstream', how: 'end' | 'reset' | 'cut', systemCode: string | null): void
}

/** What the channel `CHANNELS.tunnelOpen` carries. */
export interface TunnelOpened extends TunnelMessage {
  /** Watches the tunnel from its first byte on. Only while the message is published. */
  watch (watch: TunnelWatch): void
  /** The tunnel as it is at its opening. Its `close` works as long as the tunnel is open, and does nothing after that. */
  readonly open: OpenTunnel
}
