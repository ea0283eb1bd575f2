// What is printed once the site is up: short, and true of what is behind the site.
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { banner, type Told } from '../start/announcement/banner.ts'
import { reachOf } from '../start/announcement/reach.ts'

const told: Told = { httpPort: 65535, httpsPort: 65534, reached: [{ protocol: 'http', address: '0.0.0.0', port: 65535 }, { protocol: 'https', address: '127.0.0.1', port: 65534 }], behind: { kind: 'backend', source: 'http://localhost:8080' }, bindings: [], logFolder: 'logs/W3SVC1', traceFolder: 'logs/FailedReqLogFiles', metrics: 'http://127.0.0.1:9464/metrics', monitor: 'http://localhost:8001/', workers: 16, certificate: 'certificates/development-ca.crt' }
const linesOf = (told: Told): string[] => stripVTControlCharacters(banner(told)).split('\n')
const bindings = ['a-long-name-of-a-host.department.company.example', 'b.example'].flatMap(host => (['http', 'https'] as const).map(protocol => ({ protocol, address: '*', host, port: 8000 })))

for (const [kind, source] of [['backend', 'http://localhost:8080'], ['upstream', 'http://localhost:3000/app'], ['file', 'web.config']] as const) {
  t.test(`the banner fits on 80 columns and 24 lines: ${kind}`, async t => {
    const lines = linesOf({ ...told, bindings, behind: { kind, source } })
    t.same(lines.filter(line => line.length > 80), [])
    t.ok(lines.length <= 23, `${lines.length} lines, and one for the prompt`)
    t.match(lines.join('\n'), source)
  })
}

t.test('with an upstream the banner tells where its paths go, and of no scenario', async t => {
  const text = linesOf({ ...told, behind: { kind: 'upstream', source: 'http://localhost:3000/app/' } }).join('\n')
  t.match(text, 'http://localhost:65535  https://localhost:65534')
  t.match(text, 'http://localhost:3000/app/any/path?and=query')
  t.notMatch(text, /ReverseProxy|reverseproxy\.com|One log line/)
})

t.test('who can reach which port is told for each, the widest of its addresses counts', async t => {
  const at = (protocol: string, port: number, ...addresses: string[]) => addresses.map(address => ({ protocol, address, port }))
  t.same(reachOf([...at('http', 8000, '127.0.0.1', '::1'), ...at('https', 8443, '127.0.0.1', '::1')]), ['http 8000, https 8443: this machine only'])
  t.same(reachOf([...at('http', 8000, '0.0.0.0'), ...at('https', 8443, '::1', '127.0.0.1')]), ['http 8000: every address of this machine', 'https 8443: this machine only'])
  t.same(reachOf(at('http', 80, '192.0.2.1', '192.0.2.2', '127.0.0.1')), ['http 80: 192.0.2.1, 192.0.2.2, this machine only'])
  t.same(reachOf([1, 2, 3, 4, 5].flatMap(port => at('http', port, '::'))), ['http 1, http 2, http 3 and 2 more: every address of this machine'])
})

t.test('started by the command, the banner names its words, and fits as well', async t => {
  for (const started of ['command', 'keys'] as const) {
    const lines = linesOf({ ...told, started })
    t.same(lines.filter(line => line.length > 80), [])
    t.ok(lines.length <= 23)
    t.match(lines.join('\n'), 'npx fastify-arr trust')
    t.match(lines.join('\n'), 'npx fastify-arr reload')
    t.equal(lines.some(line => line.includes('q and Enter')), started === 'keys')
  }
})

t.test('with hosts of its own, the banner has the upstream\'s URLs under them', async t => {
  const text = linesOf({ ...told, bindings: [{ protocol: null, address: '*', host: 'shop.example', port: null }], behind: { kind: 'upstream', source: 'http://localhost:3000' } }).join('\n')
  t.match(text, 'http://shop.example:65535  https://shop.example:65534')
  t.notMatch(text, '//localhost:65535')
})
