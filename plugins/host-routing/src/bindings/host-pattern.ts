// Which hosts does a binding mean? One name, a wildcard, or every host.

import { normalizeHost } from '@fastify-arr/authority'

/** `name`, `*.suffix` or `*` in their normal form; null where it is none of these. A wildcard stands for left-most labels only, as in IIS 10. */
export function normalizePattern (host: unknown): string | null {
  if (typeof host !== 'string') return null
  if (host === '' || host === '*') return '*'
  if (!host.startsWith('*.')) return normalizeHost(host)
  const suffix = normalizeHost(host.slice(2))
  return suffix === null || suffix.startsWith('[') ? null : `*.${suffix}`
}

/** Why `normalizePattern` gave null. */
export function describeHostMistake (host: unknown): string {
  if (typeof host !== 'string') return 'a host must be a text'
  if (host.includes('*')) return "a wildcard stands alone ('*') or for the left-most label ('*.example.com')"
  if (/:\d+$/.test(host) || host.includes('://')) return 'a host carries neither port nor scheme: those belong in a binding'
  return 'this is no host name'
}
