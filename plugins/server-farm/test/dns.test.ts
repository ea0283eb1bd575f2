// Servers by DNS, of a real DNS server whose answers change, stop, and come again.
import { Resolver } from 'node:dns/promises'
import t, { type Test } from 'tap'
import { compileDns } from '../src/discovery/compile-dns.ts'
import { DnsServers } from '../src/discovery/dns-servers.ts'
import { lookUp } from '../src/discovery/lookup.ts'
import type { DnsOptions, ServerOptions } from '../src/options.ts'
import { dnsmasq, withoutDnsmasq } from './dnsmasq.ts'

interface Followed {
  readonly servers: DnsServers
  /** Each set that was found, in order. */
  readonly sets: Array<readonly ServerOptions[]>
  readonly warnings: string[]
  /** Resolves when so many sets, or so many warnings, are there. */
  found (count: number): Promise<readonly ServerOptions[]>
  warned (count: number): Promise<string>
}

function followed (t: Test, options: DnsOptions): Followed {
  const mistakes: string[] = []
  const settings = compileDns(options, 'farms[0].servers', mistakes)
  t.same(mistakes, [])
  const sets: Followed['sets'] = []
  const warnings: string[] = []
  let told = (): void => {}
  const until = async (enough: () => boolean): Promise<void> => {
    while (!enough()) await new Promise<void>(resolve => { told = resolve })
  }
  const servers = new DnsServers(settings, found => {
    sets.push(found)
    told()
  }, message => {
    warnings.push(message)
    told()
  })
  const alive = setInterval(() => {}, 1000)
  t.teardown(() => {
    clearInterval(alive)
    servers.stop()
  })
  return {
    servers,
    sets,
    warnings,
    async found (count) {
      await until(() => sets.length >= count)
      return sets[count - 1] as readonly ServerOptions[]
    },
    async warned (count) {
      await until(() => warnings.length >= count)
      return warnings[count - 1] as string
    }
  }
}

const dns = 'chat.test'
const soon = { minInterval: 10, maxInterval: 10 }

t.test('servers by DNS', { skip: withoutDnsmasq }, async t => {
  t.test('the addresses of a name are servers, and others when their time to live is over', async t => {
    const server = await dnsmasq(t, '--local-ttl=1')
    await server.hosts('127.0.0.3 chat.test', '127.0.0.2 chat.test')
    const one = followed(t, { dns, type: 'A', resolvers: [server.address], server: { httpPort: 8080, weight: 50 }, minInterval: 10 })
    await one.servers.start()
    t.same(one.sets, [[{ httpPort: 8080, weight: 50, address: '127.0.0.2' }, { httpPort: 8080, weight: 50, address: '127.0.0.3' }]])
    await server.hosts('127.0.0.3 chat.test', '127.0.0.4 chat.test')
    t.same((await one.found(2)).map(({ address }) => address), ['127.0.0.3', '127.0.0.4'])
    t.same(one.warnings, [])
  })

  t.test('both families are servers, in the same order however they are answered, and only a change is told', async t => {
    const server = await dnsmasq(t, '--local-ttl=0')
    await server.hosts('127.0.0.2 chat.test', 'fd00::2 chat.test', '127.0.0.3 chat.test', '127.0.0.4 chat.test')
    const one = followed(t, { dns, resolvers: [server.address], ...soon })
    await one.servers.start()
    await server.logged('query[A] chat.test', 10)
    t.equal(one.sets.length, 1)
    t.same(one.sets[0]?.map(({ address }) => address), ['127.0.0.2', '127.0.0.3', '127.0.0.4', 'fd00::2'])
    await server.hosts('fd00::2 chat.test')
    t.same((await one.found(2)).map(({ address }) => address), ['fd00::2'])
    await server.hosts('127.0.0.2 chat.test', 'fd00::2 chat.test')
    t.same((await one.found(3)).map(({ address }) => address), ['127.0.0.2', 'fd00::2'])
  })

  t.test('one family alone is asked for where the type says so', async t => {
    const server = await dnsmasq(t)
    await server.hosts('127.0.0.2 chat.test', 'fd00::2 chat.test')
    for (const [type, address] of [['A', '127.0.0.2'], ['AAAA', 'fd00::2']] as const) {
      const one = followed(t, { dns, type, resolvers: [server.address] })
      await one.servers.start()
      t.same(one.sets, [[{ address }]])
    }
  })

  t.test('a name that is gone keeps its last servers, and that is told once; and once when it is back', async t => {
    const server = await dnsmasq(t, '--local-ttl=0')
    await server.hosts('127.0.0.2 chat.test', '127.0.0.3 chat.test')
    const one = followed(t, { dns, resolvers: [server.address], ...soon })
    await one.servers.start()
    await server.hosts('127.0.0.2 other.test')
    t.equal(await one.warned(1), 'The DNS name chat.test (addresses) is not resolved: ENOTFOUND; the last servers stay (2).')
    await server.logged('query[A] chat.test', 3)
    t.equal(one.warnings.length, 1)
    await server.hosts('127.0.0.2 chat.test', '127.0.0.3 chat.test')
    t.equal(await one.warned(2), 'The DNS name chat.test is resolved again.')
    t.equal(one.sets.length, 1, 'with the servers of before nothing has changed')
  })

  t.test('a name without records of the type, a refusal, and nobody who answers are told by their codes', async t => {
    const server = await dnsmasq(t)
    await server.hosts('127.0.0.2 chat.test')
    for (const [options, code] of [
      [{ dns, type: 'AAAA', resolvers: [server.address] }, 'ENODATA'],
      [{ dns: 'chat.example', resolvers: [server.address] }, 'EREFUSED'],
      [{ dns, resolvers: ['127.0.0.1:1'] }, 'ECONNREFUSED']
    ] as const) {
      const one = followed(t, options)
      await one.servers.start()
      t.same(one.sets, [])
      t.equal(one.warnings[0], `The DNS name ${options.dns} (${'type' in options ? options.type : 'addresses'}) is not resolved: ${code}; there are no servers yet.`)
    }
  })

  t.test('a start waits for a name server that hangs, but not for ever; and its servers come when it answers', { skip: process.platform === 'win32' && 'there is no SIGSTOP' }, async t => {
    const server = await dnsmasq(t)
    await server.hosts('127.0.0.2 chat.test')
    const one = followed(t, { dns, resolvers: [server.address], ...soon })
    server.process().kill('SIGSTOP')
    await one.servers.start()
    t.match(one.warnings, [/^The DNS name chat\.test \(addresses\) is not resolved: (?:ETIMEOUT|no answer within 5000 ms); there are no servers yet\.$/])
    server.process().kill('SIGCONT')
    t.same(await one.found(1), [{ address: '127.0.0.2' }])
  })

  t.test('stop ends a running lookup, and nothing is told', { skip: process.platform === 'win32' && 'there is no SIGSTOP' }, async t => {
    const server = await dnsmasq(t)
    server.process().kill('SIGSTOP')
    const one = followed(t, { dns, resolvers: [server.address], ...soon })
    const started = one.servers.start()
    one.servers.stop()
    await started
    t.same([one.sets, one.warnings], [[], []])
    await one.servers.stop()
  })

  t.test('a family whose answers fail keeps its addresses while the other is answered', async t => {
    const server = await dnsmasq(t)
    await server.hosts('127.0.0.2 chat.test', 'fd00::2 chat.test')
    const settings = compileDns({ dns }, '', [])
    const resolver = new Resolver()
    resolver.setServers([server.address])
    const families = new Map()
    const both = [{ address: '127.0.0.2' }, { address: 'fd00::2' }]
    t.same((await lookUp(settings, resolver, families)).servers, both)
    resolver.resolve6 = async () => { throw Object.assign(new Error(), { code: 'ESERVFAIL' }) }
    t.same((await lookUp(settings, resolver, families)).servers, both)
    resolver.resolve6 = async () => { throw Object.assign(new Error(), { code: 'ENODATA' }) }
    t.same((await lookUp(settings, resolver, families)).servers, [{ address: '127.0.0.2' }])
  })

  const srv = (...records: string[]): string[] => records.map(record => `--srv-host=_http._tcp.chat.test,${record}`)
  const SRV = { dns: '_http._tcp.chat.test', type: 'SRV' } as const

  t.test('SRV records are servers with their ports and weights: those of the lowest priority that has any', async t => {
    const server = await dnsmasq(t, ...srv('a.test,8081,10,30', 'b.test,8082,10,0', 'c.test,8083,20,5', 'none.test,8084,5,1'), '--host-record=a.test,127.0.0.2', '--host-record=b.test,fd00::3', '--host-record=c.test,127.0.0.4')
    const one = followed(t, { ...SRV, resolvers: [server.address], server: { httpPort: 1, weight: 7, hostName: 'chat' }, ...soon })
    await one.servers.start()
    t.same(one.sets, [[
      { address: '127.0.0.2', httpPort: 8081, httpsPort: 8081, weight: 30, hostName: 'chat' },
      { address: 'fd00::3', httpPort: 8082, httpsPort: 8082, weight: 0, hostName: 'chat' }
    ]])
  })

  t.test('SRV records follow when they change', async t => {
    const server = await dnsmasq(t, ...srv('a.test,8081,10,1'), '--host-record=a.test,127.0.0.2', '--host-record=b.test,127.0.0.3')
    const one = followed(t, { ...SRV, resolvers: [server.address], ...soon })
    await one.servers.start()
    await server.restart(...srv('a.test,8081,10,1', 'a.test,8082,10,3'), '--host-record=a.test,127.0.0.2')
    t.same(await one.found(2), [{ address: '127.0.0.2', httpPort: 8081, httpsPort: 8081, weight: 1 }, { address: '127.0.0.2', httpPort: 8082, httpsPort: 8082, weight: 3 }])
  })

  t.test('weights that are all 0 are equal shares, and the addresses of one target share its weight', async t => {
    const server = await dnsmasq(t, ...srv('a.test,8081,0,0', 'b.test,8082,0,0'), ...['--srv-host=_two._tcp.chat.test,c.test,80,0,5'], '--host-record=a.test,127.0.0.2', '--host-record=b.test,127.0.0.3')
    await server.hosts('127.0.0.4 c.test', '127.0.0.5 c.test')
    const one = followed(t, { ...SRV, resolvers: [server.address], server: { weight: 7 } })
    await one.servers.start()
    t.same(one.sets[0]?.map(({ weight }) => weight), [7, 7])
    const two = followed(t, { ...SRV, dns: '_two._tcp.chat.test', resolvers: [server.address] })
    await two.servers.start()
    t.same(two.sets[0]?.map(({ address, weight }) => [address, weight]), [['127.0.0.4', 3], ['127.0.0.5', 3]])
  })

  t.test('with the system\'s name servers the names of SRV records are left to dialling', async t => {
    const server = await dnsmasq(t, ...srv('A.Test,8081,0,1', 'nobody.test,8082,0,1'))
    const resolver = new Resolver()
    resolver.setServers([server.address])
    const { servers, holds } = await lookUp(compileDns(SRV, '', []), resolver, new Map())
    t.same(servers.map(({ address }) => address), ['a.test', 'nobody.test'])
    t.equal(holds, 10_000)
  })

  t.test('SRV records that name no host are no servers', async t => {
    const server = await dnsmasq(t, '--srv-host=_http._tcp.chat.test', '--srv-host=_odd._tcp.chat.test,a b.test,80', ...['--srv-host=_odd._tcp.chat.test,ok.test,81', '--host-record=ok.test,127.0.0.2'])
    const one = followed(t, { ...SRV, resolvers: [server.address] })
    await one.servers.start()
    t.equal(one.warnings[0], 'The DNS name _http._tcp.chat.test (SRV) is not resolved: ENODATA; there are no servers yet.')
    const other = followed(t, { ...SRV, dns: '_odd._tcp.chat.test', resolvers: [server.address] })
    await other.servers.start()
    t.same(other.sets[0]?.map(({ address }) => address), ['127.0.0.2'])
  })

  t.test('the next lookup comes with the time to live, between the bounds, and after failures later each time', async t => {
    const server = await dnsmasq(t, '--host-record=short.test,127.0.0.2,0', '--host-record=half.test,127.0.0.2,30', '--host-record=long.test,127.0.0.2,3600', ...srv('short.test,80'))
    const { setTimeout } = globalThis
    let timer: { readonly ms: number, readonly ring: () => Promise<void> } = { ms: 0, ring: async () => {} }
    globalThis.setTimeout = ((ring: () => Promise<void>, ms: number) => {
      // The limit of a lookup.
      if (ms === 5000) return setTimeout(ring, ms)
      timer = { ms, ring }
      return { unref: () => {} }
    }) as never
    t.teardown(() => { globalThis.setTimeout = setTimeout })
    for (const [name, ms] of [['short.test', 1000], ['half.test', 30_000], ['long.test', 60_000]] as const) {
      await followed(t, { dns: name, type: 'A', resolvers: [server.address] }).servers.start()
      t.equal(timer.ms, ms, name)
    }
    await followed(t, { ...SRV, resolvers: [server.address] }).servers.start()
    t.equal(timer.ms, 10_000)
    const waits: number[] = []
    await followed(t, { dns: 'none.test', resolvers: [server.address] }).servers.start()
    for (let i = 0; i < 8; i++) {
      waits.push(timer.ms)
      await timer.ring()
    }
    t.same(waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
  })
})
