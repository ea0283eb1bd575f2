// Whom does a probe ask, and under which name?
import { isIP } from 'node:net'
import { checkServerIdentity } from 'node:tls'
import type { RequestOptions } from 'node:https'
import type { HealthTarget, ProbeSettings } from '../health-settings.ts'

const HEAD_LIMIT = 16_384

/** The options of the request: what is the same for each probe of a server. */
export function probeTarget (settings: ProbeSettings, target: HealthTarget): RequestOptions {
  const { secure, path, rejectUnauthorized } = settings
  const address = target.healthHost ?? target.address
  const port = target.healthPort ?? (secure ? target.httpsPort : target.httpPort)
  const host = settings.host ?? target.hostName ?? ownHost(address, port, secure)
  const name = withoutPort(host)
  return {
    protocol: secure ? 'https:' : 'http:',
    host: address,
    port,
    path,
    // A connection of its own for each probe, made anew: a kept one, or a TLS session that is resumed, would tell nothing of the server's door.
    agent: false,
    maxHeaderSize: HEAD_LIMIT,
    headers: { Host: host, 'User-Agent': `fastify-arr (health of ${target.farm})` },
    ...secure && {
      // RFC 6066 §3: an IP address is no server name.
      servername: isIP(name) === 0 ? name : '',
      checkServerIdentity: (_: string, certificate) => checkServerIdentity(name, certificate),
      rejectUnauthorized
    }
  }
}

function ownHost (address: string, port: number, secure: boolean): string {
  const host = isIP(address) === 6 ? `[${address}]` : address
  return port === (secure ? 443 : 80) ? host : `${host}:${port}`
}

function withoutPort (host: string): string {
  return /^\[(.*)\]/.exec(host)?.[1] ?? host.replace(/:\d*$/, '')
}
