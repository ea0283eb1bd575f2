// What does https mean to this site? The redirect to it, and HSTS.

import type { SiteBinding } from '@fastify-arr/facts'
import type { Mistake } from '../bindings/bindings.ts'
import type { HttpsOptions } from '../options.ts'

/** What a site says about https, compiled. */
export interface HttpsPolicy {
  /** Null where http is served as well. */
  readonly redirect: { readonly port: number | null, readonly statusCode: number | null } | null
  /** The value of Strict-Transport-Security, or null. */
  readonly hsts: string | null
}

const A_YEAR = 31_536_000
const REDIRECTS: readonly unknown[] = [undefined, 301, 302, 307, 308]

/** Reads a site's `https` option; null where it asks for nothing. */
export function compileHttps (options: HttpsOptions | undefined, bindings: readonly SiteBinding[], mistake: Mistake): HttpsPolicy | null {
  if (options === undefined) return null
  if (typeof options !== 'object' || options === null) {
    mistake('.https', 'must be an object')
    return null
  }
  const { redirect: givenRedirect, hsts: givenHsts } = options
  const redirect = givenRedirect === true ? {} : givenRedirect || null
  const hsts = givenHsts === true ? {} : givenHsts || null
  if (redirect !== null) {
    if (typeof redirect !== 'object') mistake('.https.redirect', 'must be true, false or an object')
    else {
      if (redirect.port !== undefined && !(Number.isInteger(redirect.port) && redirect.port > 0 && redirect.port <= 65535)) mistake('.https.redirect.port', 'must be a whole number from 1 to 65535')
      if (!REDIRECTS.includes(redirect.statusCode)) mistake('.https.redirect.statusCode', 'must be 301, 302, 307 or 308')
    }
  }
  if (hsts !== null) {
    if (typeof hsts !== 'object') mistake('.https.hsts', 'must be true, false or an object')
    else if (hsts.maxAge !== undefined && !(Number.isInteger(hsts.maxAge) && hsts.maxAge >= 0)) mistake('.https.hsts.maxAge', 'must be a whole number of seconds')
  }
  const ownPort = bindings.find(binding => binding.protocol === 'https' && binding.port !== null)?.port ?? null
  return {
    redirect: redirect && { port: redirect.port ?? ownPort, statusCode: redirect.statusCode ?? null },
    // RFC 6797 §6.1
    hsts: hsts && `max-age=${hsts.maxAge ?? A_YEAR}${hsts.includeSubDomains === true ? '; includeSubDomains' : ''}${hsts.preload === true ? '; preload' : ''}`
  }
}
