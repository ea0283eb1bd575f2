// How does TLS begin? With a greeting that is known by its owner until the handshake is done, and timed from when the connection came.

import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { CertificateStore } from './certificates.ts'
import { LONGEST_TIMEOUT } from './limits.ts'
import type { ListenerPlan } from './listener.ts'
import { tellClient, type ProxyHeader } from './proxy-protocol.ts'
import { type Place, Roster } from './roster.ts'

/** The TLS handshakes of one listener. */
export interface Greetings {
  /**
   * @param client who is behind a load balancer; null where the socket knows best.
   * @param deadline when the handshake must be done, where its time began before this; 0 where it begins now.
   */
  begin (socket: Socket, client: ProxyHeader['client'], deadline: number): void
  /** Ends those that are not done. */
  end (): void
}

// TLS 1.3 has its own list; this one is for TLS 1.2: forward secrecy and AEAD only (RFC 9325 §4.2).
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'
].join(':')

const PLACE = Symbol('place')

/** A connection whose TLS handshake is not done. */
type Greeting = Socket & { [PLACE]?: Place<Greeting> }

/**
 * Builds the TLS side of a listener.
 *
 * @param done takes each connection whose handshake is done.
 */
export function createGreetings (plan: ListenerPlan, certificates: CertificateStore, done: (socket: TLSSocket) => void): Greetings {
  const open = new Roster<Greeting>()
  // A TLS socket does not tell which socket it was made of, but both have the same two ends.
  const announced = new Map<string, { readonly client: ProxyHeader['client'], readonly handshake: NodeJS.Timeout | undefined }>()
  const server = createTls()

  return {
    begin (socket, client, deadline) {
      if (client !== null || deadline > 0) {
        const peer = peerOf(socket)
        const handshake = deadline > 0 ? setTimeout(() => socket.destroy(), deadline - Date.now()).unref() : undefined
        const told = { client, handshake }
        announced.set(peer, told)
        socket.once('close', () => {
          clearTimeout(handshake)
          // The same two ends may be there again before Node is done with the old ones.
          if (announced.get(peer) === told) announced.delete(peer)
        })
      }
      const place = (socket as Greeting)[PLACE] = open.add(socket)
      socket.once('close', () => open.strike(place))
      server.emit('connection', socket)
    },
    end () {
      for (const socket of open.members()) socket.destroy()
    }
  }

  function createTls (): Server {
    const { requestCert, rejectUnauthorized, ca, tls: more } = plan.https ?? {}
    const context = () => ({ ciphers: CIPHERS, minVersion: 'TLSv1.2' as const, ...more, ...(ca !== undefined && { ca: ca as string }), ...certificates.first() })
    const tls = createServer({
      ...context(),
      ...(requestCert !== undefined && { requestCert }),
      ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
      // Node takes 0 for its default.
      handshakeTimeout: plan.limits.handshakeTimeout || LONGEST_TIMEOUT,
      ALPNProtocols: [...(plan.http2 ? ['h2'] : []), ...(plan.http1 ? ['http/1.1'] : [])],
      SNICallback: (name, found) => { found(null, certificates.find(name)) }
    }, (socket: TLSSocket & { readonly _parent?: Greeting }) => {
      // What it was made of: Node's own name for it.
      const place = socket._parent?.[PLACE]
      if (place !== undefined) open.strike(place)
      const told = announced.get(peerOf(socket))
      clearTimeout(told?.handshake)
      if (told?.client) tellClient(socket, told.client)
      done(socket)
    })
    tls.on('tlsClientError', (_error, socket) => { socket.destroy() })
    certificates.onSwap(() => { tls.setSecureContext(context()) })
    return tls
  }
}

function peerOf ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}
