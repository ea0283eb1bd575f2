// The rules without a server: options and a request in, an outcome out.

import { run } from '../src/inbound/run.ts'
import { compileOptions } from '../src/rules/compile-options.ts'
import type { Exchange, Outcome, Rule } from '../src/index.ts'
import type { WrittenRules } from '../src/options.ts'

const plain: Exchange = {
  method: 'GET',
  url: '/',
  headers: { host: 'localhost' },
  httpVersion: '1.1',
  encrypted: false,
  remoteAddress: '192.0.2.7',
  remotePort: '50123',
  localAddress: '198.51.100.1',
  localPort: '80',
  siteName: '',
  siteId: '',
  documentRoot: ''
}

/** The outcome for a request; mistakes in the rules are thrown. */
export function outcome (options: WrittenRules & { rules?: readonly Rule[] }, request: Partial<Exchange> = {}): Outcome | null {
  const mistakes: string[] = []
  const compiled = compileOptions(options, false, mistake => mistakes.push(mistake))
  const rules = options.rules === undefined ? null : compiled.compileMore(options.rules, mistake => mistakes.push(mistake))
  if (mistakes.length > 0) throw new Error(mistakes.join('\n'))
  const exchange = { ...plain, ...request }
  return run(compiled.setsFor(exchange.siteName, rules), exchange, null)
}

/** The new URL, the type of another outcome, or null. */
export function rewritten (options: WrittenRules & { rules?: readonly Rule[] }, request: Partial<Exchange> = {}): string | null {
  const out = outcome(options, request)
  if (out === null) return null
  return out.type === 'Rewrite' ? out.rewrite.url : out.type === 'Redirect' ? `${out.status} ${out.location}` : out.type
}

/** A rule in one line. */
export const rule = (url: string, to: string, more: Partial<Rule> = {}): Rule => ({ name: `${url} → ${to}`, match: { url }, action: { type: 'Rewrite', url: to }, ...more })
