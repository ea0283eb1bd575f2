// What can be asked for? The options of the plugin and of a listener.

import type { SecureContextOptions, TlsOptions } from 'node:tls'

/** The options of the plugin. */
export interface ListenersOptions {
  /** The listeners, as objects or as IIS binding strings: `https/*:443:reverseproxy.com`. */
  readonly listeners: readonly (ListenerOptions | string)[]
  /** The certificates of every https listener that has none of its own. Default: none. */
  readonly certificate?: CertificateOptions | readonly CertificateOptions[]
  /** The hosts and the folder of the `'development'` certificate. */
  readonly development?: {
    /** The folder of the certificate and its authority; created when missing. Default: 'certificates'. */
    readonly folder?: string
    /** Host names; localhost, 127.0.0.1 and ::1 are always included. Default: the hosts of `fastify.sites`. */
    readonly hosts?: readonly string[]
  }
  /** The CA of the `'acme'` certificates, and what is asked of it. Required where a listener has one. */
  readonly acme?: AcmeOptions
  /** Limits for every listener. */
  readonly limits?: LimitOptions
  /** `with-server` opens the listeners when the server listens, so that `fastify.listen()` fails when one of them does; `manual` leaves it to `fastify.listeners.listen()`. Default: 'with-server'. */
  readonly open?: 'with-server' | 'manual'
  /** Interval between two checks of the certificate files, in milliseconds; 0 never checks. Default: 5000. */
  readonly watchInterval?: number
  /** How long closing waits for the last requests and tunnels before it cuts them, in milliseconds; 0 with Fastify's `forceCloseConnections: true`. Default: 10000. */
  readonly closeTimeout?: number
}

export interface ListenerOptions {
  /** Names the listener in errors and logs. Default: its protocol and port. */
  readonly name?: string
  /** The name of the setting that the port came from, e.g. `HTTPS_PORT`: errors carry it. Default: none. */
  readonly label?: string
  /** The port; 0 lets the system choose one. Required unless `path` is set. */
  readonly port?: number
  /** A name, an IP address, or `*` for every address. `localhost` is bound on both 127.0.0.1 and ::1. Default: 'localhost'. */
  readonly host?: string
  /** The path of a unix socket or Windows pipe, instead of a port. */
  readonly path?: string
  /** Length of the queue of connections that wait to be accepted; the system may allow less. Default: 4096. */
  readonly backlog?: number
  /** True speaks https, with the plugin's `certificate`. Default: false. */
  readonly https?: boolean | ListenerHttpsOptions
  /** Offers HTTP/2 by ALPN; https only, as in browsers. Default: true. */
  readonly http2?: boolean
  /** Offers HTTP/1.1. Default: true. */
  readonly http1?: boolean
  /**
   * Addresses and networks (`10.0.0.0/8`) of load balancers whose connections begin with a PROXY header (v1 or v2) that names the
   * client's address; `true` is every address, for a socket that only a balancer can reach. From any other address a PROXY header is
   * invalid HTTP. Default: none.
   */
  readonly proxyProtocol?: readonly string[] | true
  /** Limits of this listener; they override those of the plugin. */
  readonly limits?: LimitOptions
}

export interface ListenerHttpsOptions {
  /** The certificates, chosen by SNI; the first serves clients that send no name or an unknown one. Default: the plugin's `certificate`. */
  readonly certificate?: CertificateOptions | readonly CertificateOptions[]
  /** Names that must have a certificate: a name without one is an error at start. Default: none. */
  readonly hosts?: readonly string[]
  /** Requests a client certificate. `request.raw.socket.authorized` tells whether it was valid. Default: false. */
  readonly requestCert?: boolean
  /** Ends the handshake of a client whose certificate is missing or invalid; only with `requestCert`. Default: true. */
  readonly rejectUnauthorized?: boolean
  /** The authorities of client certificates, as PEM. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[]
  /** Every other option of Node's `tls.createServer`, e.g. `minVersion` and `ciphers`. Default: TLS 1.2 or later, with forward secrecy. */
  readonly tls?: Omit<TlsOptions & SecureContextOptions, 'SNICallback' | 'ALPNProtocols' | 'ALPNCallback'>
}

/**
 * A certificate with its key. A string with a PEM block is the PEM itself, any other string is the path of a file; files are watched.
 * `'development'` is a certificate signed by a development authority of this machine, created when needed. `'acme'` is one certificate
 * for each name of the option `acme`, issued and renewed by its CA.
 */
export type CertificateOptions = 'development' | 'acme' | PemCertificateOptions | PfxCertificateOptions

export interface PemCertificateOptions {
  /** The certificate, followed by its intermediate certificates. */
  readonly cert: string | Buffer
  readonly key: string | Buffer
  readonly passphrase?: string
  /** The names it is served for. Default: those in the certificate (subjectAltName). */
  readonly hosts?: readonly string[]
}

export interface PfxCertificateOptions {
  readonly pfx: string | Buffer
  readonly passphrase?: string
  /** The names it is served for. Default: those in the certificate (subjectAltName). */
  readonly hosts?: readonly string[]
}

/** Certificates from a CA that speaks ACME (RFC 8555), such as Let's Encrypt. */
export interface AcmeOptions {
  /** `letsencrypt`, `letsencrypt-staging`, or the https URL of a directory. Default: 'letsencrypt'. */
  readonly directory?: string
  /** The mail address that the CA may write to. */
  readonly email: string
  /** That you agree to the CA's terms of service. */
  readonly agreeToTerms: true
  /** The names, one certificate each; no wildcards, no addresses. Default: the public names among the hosts of the https listeners that have `'acme'`, and of `fastify.sites`. */
  readonly names?: readonly string[]
  /** The folder of account, certificates and open challenges; several processes may share it. Default: 'certificates/acme'. */
  readonly folder?: string
  /** The challenges that may be used, the preferred one first; after a failure another comes first. Default: ['http-01', 'tls-alpn-01']. */
  readonly challenges?: ReadonlyArray<'http-01' | 'tls-alpn-01'>
  /** Whether a name that is not in `names`, and that a client has sent in its handshake, gets a certificate. Default: none does. */
  readonly allow?: (name: string) => boolean | Promise<boolean>
  /** Limits of certificates on demand, in each process. */
  readonly onDemand?: {
    /** How many names are waited for at a time. Default: 4. */
    readonly concurrent?: number
    /** How many names are ordered within an hour. Default: 20. */
    readonly perHour?: number
    /** How long a handshake waits, in milliseconds; it ends with `handshakeTimeout` in any case. Default: 8000. */
    readonly wait?: number
  }
  /** The authorities of the directory's own TLS certificate, as PEM. Default: those that Node knows. */
  readonly ca?: string | Buffer
  /** How many orders are begun within an hour, by all processes of the folder. Default: 20. */
  readonly triesPerHour?: number
  /** After how long without a sign of life another process takes over, in milliseconds. Default: 60000. */
  readonly lockTimeout?: number
  /** The addresses of a name: one that has none is not asked for. Default: the system's resolver. */
  readonly resolve?: (name: string) => Promise<readonly string[]>
}

/** Limits, each with a default that suits a server on the open Internet. Times are in milliseconds; 0 switches a limit off. */
export interface LimitOptions {
  /** Concurrent connections of this listener. Default: 0, no limit. */
  readonly connections?: number
  /** Concurrent connections of one client address. Default: 0, no limit. */
  readonly connectionsPerAddress?: number
  /** Until the TLS handshake is done. Default: 10000. */
  readonly handshakeTimeout?: number
  /** Until the headers of a request have been received. Default: 30000. */
  readonly headersTimeout?: number
  /** Until a whole request with its body has been received; raise it for large uploads over slow lines. Default: 300000. */
  readonly requestTimeout?: number
  /** How long a client may leave a response unread, or read less than 240 bytes of it a second. Does not apply to WebSockets. Default: 60000. */
  readonly sendTimeout?: number
  /** How long a connection stays open without a request. Default: 72000, Fastify's own. */
  readonly keepAliveTimeout?: number
  /** Size of a request's headers in bytes, on either protocol. Default: 16384. */
  readonly headerSize?: number
  /** Concurrent requests and WebSockets on one HTTP/2 connection. Default: 128. */
  readonly streams?: number
  /** Resets, PINGs and SETTINGS that one HTTP/2 connection may send within ten seconds before it is cut (rapid reset and similar floods). Default: 500. */
  readonly nuisances?: number
}
