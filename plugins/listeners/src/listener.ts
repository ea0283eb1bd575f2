// What is a listener? What is asked for in the options, and where it ended up listening.

import type { SecureContextOptions, TlsOptions } from 'node:tls'
import type { LimitOptions } from './limits.ts'

/**
 * A certificate with its key. A text that holds a PEM block is the PEM itself, any other text is a file's path; files are watched.
 * `'development'` is a certificate of this machine's own development authority, made when it is needed.
 */
export type CertificateOptions = 'development' | PemCertificateOptions | PfxCertificateOptions

export interface PemCertificateOptions {
  /** The certificate, followed by those between it and its authority. */
  readonly cert: string | Buffer
  readonly key: string | Buffer
  readonly passphrase?: string
  /** The names it is used for. Those in the certificate (subjectAltName), when left out. */
  readonly hosts?: readonly string[]
}

export interface PfxCertificateOptions {
  readonly pfx: string | Buffer
  readonly passphrase?: string
  /** The names it is used for. Those in the certificate (subjectAltName), when left out. */
  readonly hosts?: readonly string[]
}

export interface ListenerHttpsOptions {
  /** The certificates to choose from by the name the client asks for; the first is for clients that ask for none, or for an unknown one. The plugin's `certificate`, when left out. */
  readonly certificate?: CertificateOptions | readonly CertificateOptions[]
  /** Names that must have a certificate: one that has none is a mistake at start. None, when left out. */
  readonly hosts?: readonly string[]
  /** Asks clients for a certificate. `request.raw.socket.authorized` tells whether it was good. Default: false. */
  readonly requestCert?: boolean
  /** Ends the handshake of a client whose certificate is missing or not good; only with `requestCert`. Default: true. */
  readonly rejectUnauthorized?: boolean
  /** The authorities of client certificates, as PEM. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[]
  /** Everything else that Node's `tls.createServer` takes, `minVersion` and `ciphers` for example. Default: TLS 1.2 or better, forward secrecy only. */
  readonly tls?: Omit<TlsOptions & SecureContextOptions, 'SNICallback' | 'ALPNProtocols' | 'ALPNCallback'>
}

export interface ListenerOptions {
  /** Names the listener in errors and logs. Its protocol and port, when left out. */
  readonly name?: string
  /** What the person calls it who sets its port, e.g. `HTTPS_PORT`: errors carry it. */
  readonly label?: string
  /** The port; 0 lets the system choose one. Without a port there must be a `path`. */
  readonly port?: number
  /** A name, an IP address, or `*` for every address. `localhost` is bound on 127.0.0.1 and ::1 alike. Default: 'localhost'. */
  readonly host?: string
  /** A unix socket's path, or a Windows pipe's, in the place of a port. */
  readonly path?: string
  /** How many connections wait to be accepted. Default: 511. */
  readonly backlog?: number
  /** True speaks https, with the plugin's `certificate`. Default: false. */
  readonly https?: boolean | ListenerHttpsOptions
  /** Offers HTTP/2 by ALPN; https only, as browsers have it. Default: true. */
  readonly http2?: boolean
  /** Offers HTTP/1.1. Default: true. */
  readonly http1?: boolean
  /**
   * Addresses and networks (`10.0.0.0/8`) of the load balancers whose connections begin with a PROXY header (v1 or v2), which then tells
   * the client's address; `true` is everybody, for a socket that only a balancer can reach. From all others a header is no HTTP. None, when left out.
   */
  readonly proxyProtocol?: readonly string[] | true
  /** Limits of this listener alone, over those of the plugin. */
  readonly limits?: LimitOptions
}

/** One address that is listened on. A listener on `localhost` has two. */
export interface ListenerAddress {
  /** The listener's name. */
  readonly name: string
  readonly label: string | null
  readonly protocol: 'http' | 'https'
  /** The IP address, or the socket's path. */
  readonly address: string
  /** Null for a unix socket. */
  readonly port: number | null
  /** As a client writes it, e.g. `https://127.0.0.1:8443`. */
  readonly url: string
}

/** A listener whose options are read: nothing is left to default. */
export interface ListenerPlan {
  readonly name: string
  readonly label: string | null
  readonly port: number | null
  readonly host: string
  readonly path: string | null
  readonly backlog: number
  /** Null for http. */
  readonly https: (ListenerHttpsOptions & { readonly certificates: readonly CertificateOptions[], readonly hosts: readonly string[] }) | null
  readonly http2: boolean
  readonly http1: boolean
  /** Whether a connection from this address begins with a PROXY header; null where none does. */
  readonly proxyProtocol: ((address: string | undefined) => boolean) | null
  readonly limits: Required<LimitOptions>
}
