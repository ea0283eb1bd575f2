// What does a listener do? Its options, checked, with every default filled in; or one error with every mistake.

import { readAcme } from '../acme/settings.ts'
import { InvalidOptionsError } from '../errors.ts'
import type { CertificateOptions, LimitOptions, ListenerHttpsOptions, ListenerOptions, ListenersOptions } from '../options.ts'
import { compileAddresses } from './addresses.ts'
import { unknownOptions } from './known-options.ts'
import { DEFAULT_LIMITS, readLimits, type Mistake } from './limits.ts'
import { mergeBindings } from './merge-bindings.ts'

/** A listener whose options have been read: no default is left open. */
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
  /** Whether a connection from this address begins with a PROXY header; null where no connection does. */
  readonly proxyProtocol: ((address: string | undefined) => boolean) | null
  readonly limits: Required<LimitOptions>
}

// A record rather than a list: the compiler reports a missing key.
const OPTIONS: Readonly<Record<keyof ListenersOptions, true>> = { listeners: true, certificate: true, limits: true, development: true, acme: true, open: true, watchInterval: true, closeTimeout: true }

/**
 * Reads the options of the plugin. Several IIS bindings of one address and port become one listener for all their hosts.
 *
 * @throws FST_ARR_LISTENERS_INVALID_OPTIONS with all mistakes, each naming its listener.
 */
export function planListeners (options: ListenersOptions): ListenerPlan[] {
  const { listeners, certificate, limits, acme } = options
  const mistakes = unknownOptions(options, Object.keys(OPTIONS))
  if (!Array.isArray(listeners)) throw new InvalidOptionsError(['`listeners` must be a list', ...mistakes].join('; '))
  const common = readLimits(limits, DEFAULT_LIMITS, (at, text) => { mistakes.push(`\`${at.slice(1)}\` ${text}`) })
  checkPlugin(options, text => { mistakes.push(text) })
  const plans: ListenerPlan[] = []
  const hasAcme = acme !== undefined
  if (hasAcme) readAcme(acme, text => { mistakes.push(text) })

  for (const { options, index } of mergeBindings(listeners, text => { mistakes.push(text) })) {
    const protocol = options.https === undefined || options.https === false ? 'http' : 'https'
    const name = options.name ?? `${protocol} ${options.path ?? `port ${options.port}`}`
    const mistake: Mistake = (at, text) => { mistakes.push(`\`listeners[${index}]${at}\` of '${name}' ${text}`) }
    if (plans.some(plan => plan.name === name && (options.name !== undefined || options.port !== 0))) mistake('.name', 'is that of another listener; give it another name')
    plans.push({
      name,
      label: options.label ?? null,
      ...readPlace(options, mistake),
      https: readHttps(options.https, certificate, hasAcme, mistake),
      ...readProtocols(options, protocol, mistake),
      proxyProtocol: readProxyProtocol(options, mistake),
      limits: readLimits(options.limits, common, mistake)
    })
  }
  if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.join('; '))
  return plans
}

function checkPlugin ({ watchInterval = 0, closeTimeout = 0, open = 'manual', development }: ListenersOptions, mistake: (text: string) => void): void {
  for (const [name, value] of Object.entries({ watchInterval, closeTimeout })) {
    if (!(Number.isInteger(value) && value >= 0)) mistake(`\`${name}\` must be a whole number of milliseconds, 0 or more`)
  }
  if (open !== 'with-server' && open !== 'manual') mistake("`open` must be 'with-server' or 'manual'")
  if (development?.folder !== undefined && (typeof development.folder !== 'string' || development.folder === '')) mistake('`development.folder` must be a path')
  if (!isNames(development?.hosts)) mistake('`development.hosts` must be a list of host names')
}

function readPlace ({ port, host = 'localhost', path, backlog = 4096 }: ListenerOptions, mistake: Mistake): Pick<ListenerPlan, 'port' | 'host' | 'path' | 'backlog'> {
  if (port === undefined && path === undefined) mistake('', 'must have a port or a path')
  if (port !== undefined && path !== undefined) mistake('', 'has a port and a path; one listener is one of them')
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65535)) mistake('.port', 'must be a whole number from 0 to 65535')
  if (path !== undefined && (typeof path !== 'string' || path === '')) mistake('.path', 'must be a text')
  if (typeof host !== 'string' || host === '') mistake('.host', "must be a text; '*' is every address")
  if (!(Number.isInteger(backlog) && backlog > 0)) mistake('.backlog', 'must be a whole number from 1 on')
  return { port: port ?? null, host, path: path ?? null, backlog }
}

function readHttps (https: ListenerOptions['https'], common: ListenersOptions['certificate'], hasAcme: boolean, mistake: Mistake): ListenerPlan['https'] {
  if (https === undefined || https === false) return null
  const options: ListenerHttpsOptions = https === true ? {} : https
  if (typeof options !== 'object' || options === null) {
    mistake('.https', 'must be true, false or an object')
    return null
  }
  const given = options.certificate ?? common
  const certificates = (given === undefined ? [] : Array.isArray(given) ? given : [given]) as readonly CertificateOptions[]
  if (certificates.length === 0) mistake('.https.certificate', "is missing: give cert and key, pfx, 'acme' or 'development'")
  for (const [index, certificate] of certificates.entries()) {
    const at = `.https.certificate${certificates.length === 1 ? '' : `[${index}]`}`
    if (certificate === 'development') continue
    if (certificate === 'acme') {
      if (!hasAcme) mistake(at, "is 'acme', and the option `acme` is missing")
    } else if (typeof certificate !== 'object' || certificate === null) mistake(at, "must be 'development', 'acme' or an object")
    else if (!isNames(certificate.hosts)) mistake(`${at}.hosts`, 'must be a list of host names')
    else if ('pfx' in certificate) continue
    else if (!('cert' in certificate) || certificate.cert === undefined) mistake(at, 'must have a cert or a pfx')
    else if (certificate.key === undefined) mistake(`${at}.key`, 'is missing')
  }
  const { hosts = [] } = options
  if (!isNames(hosts)) mistake('.https.hosts', 'must be a list of host names')
  return { ...options, certificates, hosts: isNames(hosts) ? hosts.map(host => host.toLowerCase()) : [] }
}

function isNames (hosts: readonly string[] | undefined): boolean {
  return hosts === undefined || (Array.isArray(hosts) && hosts.every(host => typeof host === 'string'))
}

function readProtocols ({ http1 = true, http2 }: ListenerOptions, protocol: 'http' | 'https', mistake: Mistake): Pick<ListenerPlan, 'http1' | 'http2'> {
  if (protocol === 'http' && http2 === true) mistake('.http2', 'must not be true without https: no browser speaks that')
  const offersHttp2 = protocol === 'https' && http2 !== false
  if (!http1 && !offersHttp2) mistake('', 'speaks neither HTTP/1.1 nor HTTP/2')
  return { http1, http2: offersHttp2 }
}

function readProxyProtocol ({ proxyProtocol, path, https }: ListenerOptions, mistake: Mistake): ListenerPlan['proxyProtocol'] {
  if (proxyProtocol === undefined) return null
  if (path !== undefined && https !== undefined && https !== false) mistake('.proxyProtocol', 'cannot be told together with https on a unix socket')
  if (proxyProtocol === true) return () => true
  const compiled = Array.isArray(proxyProtocol) ? compileAddresses(proxyProtocol) : null
  if (compiled === null) mistake('.proxyProtocol', 'must be true or a list of IP addresses and networks')
  return compiled
}
