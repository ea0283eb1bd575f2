// Does an answer name the upstream where it should name the public host? ARR calls this "reverse rewrite host
// in response headers", for Location, Content-Location, Refresh and the cookies' Domain and Path.
import { sameAuthority } from '@fastify-arr/authority'
import type { RawHeaders } from '../../headers/raw-headers.ts'
import type { Prefixes } from '../../route/route.ts'
import type { Origin } from '../../route/target.ts'

/** The upstream's and the public names of one request. */
export interface Places {
  readonly origin: Origin
  /** The Host that was sent to the upstream, which may use it in its links. */
  readonly toldHost: string
  /** The proxy as the client sees it: `https` and `www.example.com:8443`; the host is empty where the client sent none. */
  readonly publicProtocol: string
  readonly publicHost: string
  /** The prefixes, where public paths under `prefix` are upstream paths under `rewritePrefix`; null where a rule chose the path. */
  readonly paths: Prefixes | null
}

const AUTHORITY = /^(?:https?:)?\/\/([^/?#\\]*)/i

/** Rewrites the headers to the public host, in place. */
export function reverseRewrite (headers: RawHeaders, places: Places): void {
  for (let i = 0; i < headers.length; i += 2) {
    const value = headers[i + 1] as string
    switch ((headers[i] as string).toLowerCase()) {
      case 'location':
      case 'content-location':
        headers[i + 1] = publicUrl(value, places)
        break
      case 'refresh':
        headers[i + 1] = value.replace(/^(\s*[\d.]+\s*[;,]\s*url\s*=\s*(['"]?))([^'"]*)/i, (_, start: string, _quote, url: string) => start + publicUrl(url, places))
        break
      case 'set-cookie':
        headers[i + 1] = publicCookie(value, places)
    }
  }
}

/** Rewrites only a Location without a host, in place. */
export function rewriteRelative (headers: RawHeaders, places: Pick<Places, 'paths'>): void {
  for (let i = 0; i < headers.length; i += 2) {
    const value = headers[i + 1] as string
    if ((headers[i] as string).toLowerCase() === 'location' && value.startsWith('/') && !AUTHORITY.test(value)) headers[i + 1] = pathOnHost(value, places)
  }
}

function publicUrl (url: string, places: Places): string {
  const match = AUTHORITY.exec(url)
  if (match === null) {
    return url.startsWith('/') ? pathOnHost(url, places) : url
  }
  if (!namesOrigin(match[1] as string, places)) return url
  // An HTTP/1.0 request may have no Host.
  if (places.publicHost === '') return hostless(publicPath(url.slice(match[0].length).replace(/^(?!\/)/, '/'), places))
  const scheme = url.startsWith('//') ? '' : `${places.publicProtocol}:`
  return `${scheme}//${places.publicHost}${publicPath(url.slice(match[0].length), places)}`
}

function pathOnHost (url: string, places: Pick<Places, 'paths'>): string {
  const path = publicPath(url, places)
  return path === url ? url : hostless(path)
}

/** Makes sure that a path without a host names none: the rest after the prefix may begin with a slash too, and `//` would name a host. */
function hostless (path: string): string {
  return /^\/[/\\]/.test(path) ? `/.${path}` : path
}

/** Whether an authority is the upstream's own, or the Host that it was told. */
function namesOrigin (authority: string, { origin, toldHost }: Places): boolean {
  const scheme = origin.secure ? 'https' : 'http'
  return sameAuthority(authority, origin.host, scheme) || sameAuthority(authority, toldHost, scheme)
}

function publicPath (path: string, { paths }: Pick<Places, 'paths'>): string {
  if (paths === null || paths.prefix === paths.rewritePrefix) return path
  const from = paths.rewritePrefix.replace(/\/$/, '')
  const to = paths.prefix.replace(/\/$/, '')
  if (!path.startsWith(from) || !/^(?:[/?#;]|$)/.test(path.slice(from.length))) return path
  return to + path.slice(from.length) || '/'
}

function publicCookie (cookie: string, places: Places): string {
  // The part before the first semicolon is the cookie's name and value; it is never changed.
  const [pair = '', ...attributes] = cookie.split(';')
  const out = [pair]
  for (const attribute of attributes) {
    const equals = attribute.indexOf('=')
    const name = (equals === -1 ? attribute : attribute.slice(0, equals)).trim()
    const value = equals === -1 ? '' : attribute.slice(equals + 1).trim()
    if (/^path$/i.test(name) && value.startsWith('/')) {
      out.push(` ${name}=${publicPath(value, places)}`)
    } else if (/^domain$/i.test(name) && namesUpstream(value, places)) {
      const domain = places.publicHost.replace(/:\d+$/, '')
      // An IP address or a name without a dot is not allowed as Domain (RFC 6265 §5.2.3): Domain is omitted, and the cookie is for this host alone.
      if (/^[^[\]:]+\.[^.\d][^.]*$/.test(domain)) out.push(` ${name}=${domain}`)
    } else {
      out.push(attribute)
    }
  }
  return out.join(';')
}

function namesUpstream (domain: string, { origin, publicHost }: Places): boolean {
  const bare = domain.replace(/^\./, '').toLowerCase()
  const public_ = publicHost.replace(/:\d+$/, '').toLowerCase()
  if (bare === '' || public_ === bare || public_.endsWith(`.${bare}`)) return false
  return origin.hostname === bare || origin.hostname.endsWith(`.${bare}`)
}
