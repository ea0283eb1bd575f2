// The options of servers that DNS knows: each mistake is a sentence that names the option, and all of them are told together.
import t from 'tap'
import { compileDns } from '../src/discovery/compile-dns.ts'
import type { DnsOptions } from '../src/options.ts'

const mistakesIn = (options: object): string[] => {
  const mistakes: string[] = []
  compileDns(options as DnsOptions, 'farms[0].servers', mistakes)
  return mistakes
}
const NAME = '`farms[0].servers.dns` must be a full DNS name, such as chat.default.svc.cluster.local'
const RESOLVERS = '`farms[0].servers.resolvers` must be a list of 1 to 16 IP addresses, each with or without a port: 10.0.0.2, 10.0.0.2:5353, [fd00::2]:5353'
const dns = 'chat.test'

for (const [options, ...told] of [
  [{}, NAME],
  [{ dns: 1 }, NAME],
  [{ dns: '' }, NAME],
  [{ dns: 'chat..test' }, NAME],
  [{ dns: 'chat.test:80' }, NAME],
  [{ dns: 'http://chat.test' }, NAME],
  [{ dns: '10.0.0.1' }, NAME],
  [{ dns: `${'a'.repeat(64)}.test` }, NAME],
  [{ dns: `${'a.'.repeat(127)}` }, NAME],
  [{ dns: 'bücher.test' }, NAME],
  [{ dns, type: 'a' }, "`farms[0].servers.type` must be 'A', 'AAAA', 'addresses' or 'SRV'"],
  [{ dns, resolvers: '10.0.0.2' }, RESOLVERS],
  [{ dns, resolvers: [] }, RESOLVERS],
  [{ dns, resolvers: Array(17).fill('10.0.0.2') }, RESOLVERS],
  ...['ns.example', '', '10.0.0.2:0', '10.0.0.2:65536', '10.0.0.2:x', '10.0.0', '[10.0.0.2]:53', '[fd00::2', 'fd00::2]:53', '[fd00::2]:0', 53].map(one => [{ dns, resolvers: [one] }, RESOLVERS] as const),
  [{ dns, minInterval: 9 }, '`farms[0].servers.minInterval` must be a whole number of ms from 10 to 86400000'],
  [{ dns, maxInterval: '1m' }, '`farms[0].servers.maxInterval` must be a whole number of ms from 10 to 86400000'],
  [{ dns, minInterval: 2000, maxInterval: 1000 }, '`farms[0].servers.minInterval` must be at most `maxInterval`'],
  [{ dns, every: 5000 }, '`farms[0].servers`: `every` is no option; there are dns, type, server, resolvers, minInterval, maxInterval'],
  [{ dns, resolver: [] }, '`farms[0].servers`: `resolver` is no option; the nearest is `resolvers`'],
  [{ type: 'MX', minInterval: -1 }, NAME, "`farms[0].servers.type` must be 'A', 'AAAA', 'addresses' or 'SRV'", '`farms[0].servers.minInterval` must be a whole number of ms from 10 to 86400000']
] as const) {
  t.test(`${JSON.stringify(options)} is a mistake`, async t => {
    t.same(mistakesIn(options), told)
  })
}

t.test('the defaults are both families, the system\'s name servers, and between a second and a minute', async t => {
  const mistakes: string[] = []
  t.same(compileDns({ dns }, 'farms[0].servers', mistakes), { name: dns, type: 'addresses', server: {}, resolvers: null, minInterval: 1000, maxInterval: 60_000 })
  t.match(compileDns({ dns, maxInterval: 500 }, '', mistakes), { minInterval: 500, maxInterval: 500 })
  t.match(compileDns({ dns, minInterval: 90_000 }, '', mistakes), { minInterval: 90_000, maxInterval: 90_000 })
  const resolvers = ['10.0.0.2', '10.0.0.2:5353', 'fd00::2', '[fd00::2]', '[fd00::2]:5353', '127.0.0.1:65535']
  t.same(compileDns({ dns: '_http._tcp.chat.test.', type: 'SRV', resolvers }, '', mistakes).resolvers, resolvers)
  t.same(mistakes, [])
})
