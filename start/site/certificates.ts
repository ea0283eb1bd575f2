// Which certificates are served, and for which hosts must there be one? Hosts of this machine have the development certificate.
import type { CertificateOptions, ListenerOptions, ListenersOptions } from '@fastify-arr/listeners'
import { EnvironmentError } from '../settings/environment.ts'
import type { Exported, SiteParts } from './parts.ts'

/** The listeners of a site, and their certificates. */
export type Secured = Pick<ListenersOptions, 'listeners' | 'certificate' | 'development'>

/** An https binding of a site that starts. */
interface Bound { readonly address: string, readonly port: number, readonly host: string }

/**
 * The listeners of a file of IIS with the certificates that are given. A host that others can reach needs one of its own: no client
 * trusts the development certificate. `told` starts the site with that all the same.
 *
 * @throws EnvironmentError that names each host without a certificate, and how its certificate is exported.
 */
export function securedListeners (site: SiteParts & Required<Pick<SiteParts, 'listeners'>>, given: readonly CertificateOptions[], told: boolean, folder: string): Secured {
  const bound = boundIn(site)
  const strangers = bound.filter(({ address, host }) => !isLocal(host === '' ? address : host))
  if (strangers.length > 0 && given.length === 0 && !told) throw new EnvironmentError(withoutCertificate(strangers, site.exported ?? []))
  const own = bound.map(({ host }) => host).filter(host => host !== '' && isLocal(host))
  const isNeeded = told || given.length === 0 || bound.some(({ address, host }) => isLocal(host === '' ? address : host))
  return {
    listeners: site.listeners.listeners.map(listener => typeof listener === 'string' ? listener : demanding(listener, strangers)),
    certificate: isNeeded ? [...given, 'development'] : given,
    // Without a list, listeners takes the hosts of all sites.
    development: { folder, ...!told && { hosts: own } }
  }
}

/** A listener that starts only with a certificate for each of its hosts that others can reach. */
function demanding (listener: ListenerOptions, strangers: readonly Bound[]): ListenerOptions {
  if (listener.https === undefined || listener.https === false) return listener
  const hosts = [...new Set(strangers.filter(({ port, host }) => port === listener.port && host !== '').map(({ host }) => host.toLowerCase()))]
  return hosts.length === 0 ? listener : { ...listener, https: { ...listener.https !== true && listener.https, hosts } }
}

function boundIn ({ hostRouting }: SiteParts): Bound[] {
  return (hostRouting?.sites ?? []).filter(({ enabled }) => enabled !== false).flatMap(({ bindings = [] }) => bindings).flatMap(binding => {
    const [, address, port, host] = /^https\/(.*):(\d+):([^:]*)$/i.exec(String(binding)) ?? []
    return address === undefined ? [] : [{ address, port: Number(port), host: host ?? '' }]
  })
}

/** Whether a host or address leads to this machine alone (RFC 6761 §6.3). */
function isLocal (host: string): boolean {
  return /^(.+\.)?localhost\.?$|^127(\.\d+){3}$|^\[?::1\]?$/i.test(host)
}

function withoutCertificate (strangers: readonly Bound[], exported: readonly Exported[]): string {
  const names = [...new Set(strangers.map(({ address, port, host }) => host === '' ? `${address}:${port}` : host))]
  return [
    `The site does not start: there is no certificate for ${names.join(', ')}.`,
    ...exported.map(({ file, line, column, advice }) => `${file}:${line}:${column}: ${advice}`),
    'With the development certificate, which no browser trusts: --development-certificate behind --web-config, or DEVELOPMENT_CERTIFICATE=1.'
  ].join('\n')
}
