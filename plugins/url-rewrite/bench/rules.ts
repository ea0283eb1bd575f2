// What do the rules cost per request? Run with: node --import=tsx plugins/url-rewrite/bench/rules.ts

import { run } from '../src/inbound/run.ts'
import { compileOptions } from '../src/rules/compile-options.ts'
import type { WrittenRules } from '../src/options.ts'
import type { Exchange } from '../src/request/exchange.ts'
import type { Rule } from '../src/rules/rule.ts'

const article: Rule = {
  name: 'ReverseProxy',
  stopProcessing: true,
  match: { url: '(.*)' },
  conditions: { logicalGrouping: 'MatchAny', add: [{ input: '{HTTP_HOST}', pattern: 'localhost' }, { input: '{HTTP_HOST}', pattern: 'reverseproxy.com' }] },
  serverVariables: [{ name: 'HTTP_SEC_WEBSOCKET_EXTENSIONS', value: '' }],
  action: { type: 'Rewrite', url: 'http://localhost:8080/{R:1}' }
}

const thousand = (pattern: (index: number) => string): Rule[] => Array.from({ length: 1000 }, (_, index): Rule => ({
  name: `Rule ${index}`,
  stopProcessing: true,
  match: { url: pattern(index) },
  conditions: { add: [{ input: '{HTTP_HOST}', pattern: '^www\\.' }] },
  action: { type: 'Rewrite', url: `http://localhost:${8000 + index}/{R:1}` }
}))

const exchange = (url: string): Exchange => ({
  method: 'GET',
  url,
  headers: { host: 'www.reverseproxy.com:8443' },
  httpVersion: '1.1',
  encrypted: false,
  remoteAddress: '127.0.0.1',
  remotePort: '50000',
  localAddress: '127.0.0.1',
  localPort: '80',
  siteName: '',
  siteId: '',
  documentRoot: ''
})

/** The CPU time of this process, µs, which other processes don't change. */
const spent = (): number => {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** The fastest of five rounds, since disturbances only make a round slower. */
function measure (written: WrittenRules, url: string, times: number): number {
  const compiled = compileOptions(written, false, mistake => { throw new Error(mistake) })
  const sets = compiled.setsFor('', null)
  const request = exchange(url)
  let best = Infinity
  for (let round = 0; round < 6; round++) {
    const start = spent()
    for (let i = 0; i < times; i++) run(sets, request, null)
    if (round > 0) best = Math.min(best, (spent() - start) / times)
  }
  return best
}

const maps: Rule = { name: 'Map', match: { url: '.*' }, conditions: { add: [{ input: '{Static:{REQUEST_URI}}', pattern: '(.+)' }] }, action: { type: 'Rewrite', url: '{C:1}' } }
const bigMap = { name: 'Static', entries: Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`/page-${index}`, `/default.aspx?tabid=${index}`])) }

const rows: Array<[string, number]> = [
  ['no rules', measure({}, '/a/b?c', 200_000)],
  ['the article\'s rule', measure({ globalRules: [article] }, '/index.html?x=1', 200_000)],
  ['the same, an encoded path', measure({ globalRules: [article] }, '/caf%C3%A9/a%2Fb?x=1', 100_000)],
  ['1,000 rules, literal prefixes, none matches', measure({ globalRules: thousand(index => `^service-${index}/(.*)`) }, '/other/page?x=1', 2000)],
  ['1,000 rules, literal prefixes, the last matches', measure({ globalRules: thousand(index => `^service-${index}/(.*)`) }, '/service-999/page?x=1', 2000)],
  ['1,000 rules, searches anywhere, none matches', measure({ globalRules: thousand(index => `/service-${index}/([a-z]+)$`) }, '/other/page?x=1', 2000)],
  ['1,000 rules for the linear-time engine, none matches', measure({ globalRules: thousand(index => `(.*)/service-${index}/(.*)`) }, '/other/page?x=1', 500)],
  ['a rewrite map of 10,000 entries', measure({ globalRules: [maps], rewriteMaps: [bigMap] }, '/page-7777', 100_000)]
]

const before = spent()
compileOptions({ globalRules: thousand(index => `(.*)/compile-${index}/(.*)`) }, false, () => {})
const risky = (spent() - before) / 1e3
const then = spent()
compileOptions({ globalRules: thousand(index => `^compile-${index}/(.*)`) }, false, () => {})
const plain = (spent() - then) / 1e3

for (const [name, cost] of rows) console.log(`${name.padEnd(56)}${cost.toFixed(2).padStart(10)} µs of CPU per request`)
console.log(`compiling 1,000 rules: ${plain.toFixed(0)} ms; with 1,000 risky patterns: ${risky.toFixed(0)} ms`)
