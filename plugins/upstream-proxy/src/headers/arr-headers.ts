// What does ARR tell a backend about the client's TLS? X-ARR-SSL and X-ARR-ClientCert, from the connection itself.
import type { Http2ServerRequest } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { FastifyRequest } from 'fastify'
import { NOT_A_VALUE, type RawHeaders } from './raw-headers.ts'

/** The lower-case names, which no client may send where the proxy writes them, whether it is trusted or not. */
export const ARR_HEADERS = ['x-arr-ssl', 'x-arr-clientcert'] as const

/** The longest certificate that is sent, in characters of base64: a head has room for more. */
const LONGEST = 16_384

interface Told { readonly ssl: string, readonly certificate: string }

const TOLD = Symbol('fastify-arr.upstream-proxy.arr-headers')

/** What of a socket is asked. A connection of a custom server may have none of it. */
type Asked = Partial<Pick<TLSSocket, 'encrypted' | 'authorized' | 'getCertificate' | 'getCipher' | 'getPeerCertificate'>> & { [TOLD]?: Told }

/** Adds the headers of a request that came by TLS, with a client certificate where it has given a valid one. */
export function arrHeaders (request: FastifyRequest, out: RawHeaders): void {
  const { raw } = request
  const socket = raw.socket as Asked
  if (socket.encrypted !== true) return
  // On HTTP/2, a request's socket is a stand-in; the session is one object for the whole connection.
  const connection = ((raw as unknown as Http2ServerRequest).stream?.session ?? socket) as Asked
  const { ssl, certificate } = connection[TOLD] ??= ask(socket)
  out.push('X-ARR-SSL', ssl)
  if (certificate !== '') out.push('X-ARR-ClientCert', certificate)
}

function ask (socket: Asked): Told {
  const own = socket.getCertificate?.() as { bits?: number, issuer?: object, subject?: object } | null | undefined
  const ssl = [own?.bits ?? '', keyBits(socket.getCipher?.().standardName ?? ''), nameOf(own?.issuer), nameOf(own?.subject)].join('|')
  const certificate = socket.authorized === true ? socket.getPeerCertificate?.().raw?.toString('base64') ?? '' : ''
  return { ssl: NOT_A_VALUE.test(ssl) ? '|||' : ssl, certificate: certificate.length > LONGEST ? '' : certificate }
}

/** The bits of a cipher's key, by its IANA name: `TLS_AES_256_GCM_SHA384`. */
function keyBits (cipher: string): number {
  if (/CHACHA20/.test(cipher)) return 256
  return Number(/_(?:AES|CAMELLIA|ARIA)_(\d+)_/.exec(cipher)?.[1] ?? 0)
}

// A space after the comma and in this order, as Windows writes a distinguished name.
function nameOf (name: object | undefined): string {
  return Object.entries(name ?? {}).flatMap(([key, values]) => [values].flat().map(value => `${key}=${quoted(String(value))}`)).join(', ')
}

/** A value with a separator in it is quoted. What is no character of ASCII is sent as UTF-8; heads are written as latin1 strings. */
function quoted (value: string): string {
  const text = /[",;=+<>|]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value
  return Buffer.from(text, 'utf8').toString('latin1')
}
