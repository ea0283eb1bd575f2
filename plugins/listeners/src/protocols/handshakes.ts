// How does TLS begin? With a handshake that has a time limit from the start of the connection, and is tracked until it is done, so that closing can end it.

import type { Socket } from 'node:net'
import { createServer, type SecureContext, type Server, type TLSSocket } from 'node:tls'
import type { CertificateStore } from '../certificates/certificate-store.ts'
import { LONGEST_TIMEOUT } from '../plan/limits.ts'
import type { ListenerPlan } from '../plan/plan.ts'
import { setClient, type ProxyHeader } from './proxy-protocol.ts'
import { type Place, Roster } from './roster.ts'

/** The TLS handshakes of one listener. */
export interface Handshakes {
  /**
   * @param client the client named by the PROXY header; null where the socket's own address is the client's.
   * @param deadline when the handshake must be done, where its time limit began with the PROXY header; 0 where it begins now.
   */
  begin (socket: Socket, client: ProxyHeader['client'], deadline: number): void
  /** Cuts the connections whose handshake is not done. */
  end (): void
}

/** Orders certificates, as far as a handshake needs to know. */
export interface Ordering {
  /** Null where the handshake goes on at once; else it waits for the promise, which never rejects. */
  demand (servername: string): Promise<void> | null
  /** The certificate that answers the CA's challenge for a name (RFC 8737); null where none is open. */
  proof (servername: string): SecureContext | null
}

/** The protocol in which a CA looks for its challenge (RFC 8737 §6.2). */
const CHALLENGE = 'acme-tls/1'

// All of TLS 1.3; of TLS 1.2 only those with forward secrecy and AEAD (RFC 9325 §4.2).
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'
].join(':')

const PLACE = Symbol('place')
const PROOF = Symbol('proof')

/** A connection in which a CA looks for its challenge has the certificate that answers it. */
type Challenged = TLSSocket & { [PROOF]?: SecureContext }

/** A connection whose TLS handshake is not done. */
type UnfinishedHandshake = Socket & { [PLACE]?: Place<UnfinishedHandshake> }

/**
 * Builds the TLS side of a listener.
 *
 * @param done receives each connection whose handshake is done.
 * @param ordering who orders certificates; null where nobody does.
 */
export function createHandshakes (plan: ListenerPlan, certificates: CertificateStore, done: (socket: TLSSocket) => void, ordering: Ordering | null = null): Handshakes {
  const open = new Roster<UnfinishedHandshake>()
  // A TLS socket has no public link to the socket beneath it; both have the same pair of addresses and ports.
  const expected = new Map<string, { readonly client: ProxyHeader['client'], readonly handshake: NodeJS.Timeout | undefined }>()
  const server = createTls()

  return {
    begin (socket, client, deadline) {
      if (client !== null || deadline > 0) {
        const pair = addressPair(socket)
        const handshake = deadline > 0 ? setTimeout(() => socket.destroy(), deadline - Date.now()).unref() : undefined
        const expectation = { client, handshake }
        expected.set(pair, expectation)
        socket.once('close', () => {
          clearTimeout(handshake)
          // A new connection may have the same addresses and ports before this 'close' is emitted.
          if (expected.get(pair) === expectation) expected.delete(pair)
        })
      }
      const place = (socket as UnfinishedHandshake)[PLACE] = open.add(socket)
      socket.once('close', () => open.strike(place))
      server.emit('connection', socket)
    },
    end () {
      for (const socket of open.members()) socket.destroy()
    }
  }

  function createTls (): Server {
    const { requestCert, rejectUnauthorized, ca, tls: more } = plan.https ?? {}
    const protocols = [...(plan.http2 ? ['h2'] : []), ...(plan.http1 ? ['http/1.1'] : [])]
    const context = () => ({ ciphers: CIPHERS, minVersion: 'TLSv1.2' as const, ...more, ...(ca !== undefined && { ca: ca as string }), ...certificates.first() })
    const tls = createServer({
      ...context(),
      ...(requestCert !== undefined && { requestCert }),
      ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
      // Node takes 0 as its default of 120 s, not as no limit.
      handshakeTimeout: plan.limits.handshakeTimeout || LONGEST_TIMEOUT,
      ...(ordering === null ? { ALPNProtocols: protocols } : { ALPNCallback: chooseProtocol }),
      SNICallback (this: Challenged, name, found) {
        const proof = this[PROOF]
        if (proof !== undefined) {
          found(null, proof)
          return
        }
        const ordered = ordering !== null && certificates.missing([name.toLowerCase()]).length > 0 ? ordering.demand(name) : null
        if (ordered === null) found(null, certificates.find(name))
        else ordered.then(() => { found(null, certificates.find(name)) }).catch(() => {})
      }
    }, (socket: TLSSocket & { readonly _parent?: UnfinishedHandshake }) => {
      // `_parent` is internal to Node: the socket beneath the TLS socket.
      const place = socket._parent?.[PLACE]
      if (place !== undefined) open.strike(place)
      const expectation = expected.get(addressPair(socket))
      clearTimeout(expectation?.handshake)
      if (expectation?.client) setClient(socket, expectation.client)
      if (socket.alpnProtocol === CHALLENGE) endChallenge(socket)
      else done(socket)
    })
    tls.on('tlsClientError', (_error, socket) => { socket.destroy() })
    certificates.onSwap(() => { tls.setSecureContext(context()) })
    return tls

    // As with a list, a client that offers none of the protocols is refused.
    function chooseProtocol (this: Challenged, { servername, protocols: offered }: { readonly servername: string | false, readonly protocols: readonly string[] }): string | undefined {
      if (!offered.includes(CHALLENGE)) return protocols.find(protocol => offered.includes(protocol))
      // The certificate is for this handshake alone: others with the name go on with their own.
      const proof = servername === false ? null : ordering?.proof(servername) ?? null
      if (proof === null) return undefined
      // Node asks for the certificate after this in TLS 1.3, and before it in TLS 1.2.
      this[PROOF] = proof
      this.setKeyCert(proof)
      return CHALLENGE
    }
  }
}

/** The handshake was all that the CA wanted (RFC 8737 §3). */
function endChallenge (socket: TLSSocket): void {
  socket.on('error', () => {})
  socket.resume()
  socket.destroySoon()
}

function addressPair ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}
