// Does a redirect to https loop where TLS ends in front of this server?
import type { Reading } from '../../reading/reading.ts'
import type { ReadRule } from '../inbound-rules.ts'

/** Inputs that say how the connection came, each with a value for one without TLS. A pattern is tried on them. */
const PLAIN: Readonly<Record<string, readonly string[]>> = {
  '{HTTPS}': ['off', 'OFF'],
  '{SERVER_PORT_SECURE}': ['0'],
  '{SERVER_PORT}': ['80'],
  '{CACHE_URL}': ['http://example.com:80/']
}

/** Adds a mistake for a rule that redirects connections without TLS to https: a balancer that ends TLS sends them again and again. */
export function offloadedTls (reading: Reading, { element, rule }: ReadRule): void {
  if (rule.enabled === false || rule.action?.type !== 'Redirect' || !/^https:\/\//i.test(rule.action.url)) return
  const condition = rule.conditions?.add.find(({ input, pattern, negate }) => {
    const key = Object.keys(PLAIN).find(one => one === input?.toUpperCase())
    return key !== undefined && PLAIN[key]?.some(value => matches(pattern ?? '', value) !== (negate === true))
  })
  if (condition === undefined) return
  reading.mistake('offloaded-tls', element, `rule "${rule.name}" redirects what ${condition.input ?? ''} says is not https: where a balancer in front ends TLS, every request is redirected again and again, unless the site is started with --trust-proxy and its addresses`)
}

function matches (pattern: string, value: string): boolean {
  try {
    return RegExp(pattern, 'i').test(value)
  } catch {
    return false
  }
}
