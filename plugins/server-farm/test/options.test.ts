// Mistakes in the options: all in one error, each with its name and what it must be.
import Fastify from 'fastify'
import t from 'tap'
import serverFarm, { type ServerFarmOptions } from '../src/index.ts'

async function mistakesIn (options: unknown): Promise<string[]> {
  const fastify = Fastify()
  try {
    await fastify.register(serverFarm, options as ServerFarmOptions)
    return []
  } catch (error) {
    const { code, message } = error as { code: string, message: string }
    if (code !== 'FST_ARR_FARM_INVALID_OPTIONS') throw error
    return message.replace('server-farm: ', '').split('; ').filter(part => !/^(?:the nearest|there are|ports are)/.test(part))
  } finally {
    await fastify.close()
  }
}

t.test('what is right is no mistake', async t => {
  t.same(await mistakesIn({}), [])
  t.same(await mistakesIn({
    prefix: '/x',
    farms: [{
      name: 'chat_1.example',
      enabled: true,
      servers: ['10.0.0.1', '::1', '[::2]', 'web-1.example', { address: '10.0.0.1', httpPort: 81, weight: 0, hostName: 'a.example:81', state: 'draining', limits: { tunnels: 1 } }],
      algorithm: 'leastRequests',
      affinity: { cookie: 'ARRAffinity', header: 'X-A', query: 'a', sameSite: 'None', onLost: 'refuse' },
      retry: { attempts: 0, on: ['connect', 503], budget: 0 },
      limits: { tunnels: 5, handshakes: 5, wait: 0, waiting: 0 },
      slowStart: 1,
      goodbye: { code: 4999, reason: 'bye', window: 0, deadline: 0 },
      onUnhealthy: 'close',
      minServers: 1,
      whenAllDown: 'none'
    }, { name: 'b', servers: [], algorithm: 'requestHash', hash: { queryStringNames: ['a'], boundedLoad: 0 }, retry: false, rebalance: false }]
  }), [])
})

t.test('all mistakes are told at once, at every level', async t => {
  t.same(await mistakesIn({
    farm: [],
    farms: [
      { name: 'a b', servers: 'x', algorithm: 'best', enabled: 1, helth: {}, affinity: {}, retry: { on: ['never', 404], attempts: -1 } },
      {
        name: 'chat',
        servers: ['http://10.0.0.1', '10.0.0.1:80', 7, { address: '10.0.0.2', httpPort: 0, weight: 65_536, hostName: 'a b', state: 'off', limits: { wait: 1 } }, 'x', 'X'],
        algorithm: 'requestHash',
        affinity: { cookie: 'a b', sameSite: 'lax', onLost: 'keep' },
        limits: { tunnels: 1.5, wait: -1 },
        slowStart: Infinity,
        goodbye: { code: 1005, reason: 'x'.repeat(124) },
        onUnhealthy: 'cut',
        minServers: '1',
        whenAllDown: true
      },
      { name: 'CHAT', servers: [], hash: { serverVariable: 'X', boundedLoad: 0.5, of: 'x', queryStringNames: [] }, affinity: { cookie: 'c' }, rebalance: {} },
      null,
      { name: 'dns', servers: { dns: 'a.example', server: { address: 'x', weight: -1 } }, algorithm: 'requestHash', hash: { header: 'x' }, rebalance: { perSecond: 0 } }
    ]
  }), [
    '`farm` is no option',
    '`farms[0]`: `helth` is no option',
    '`farms[0].name` must be a name of letters, digits, dots, hyphens and underscores',
    '`farms[0].enabled` must be true or false',
    '`farms[0].algorithm` must be one of leastLoad, weightedRoundRobin, leastTunnels, leastResponseTime, powerOfTwoChoices, random, requestHash, leastRequests, weightedTotalTraffic',
    '`farms[0].affinity` must be given with `cookie`, `header` or `query`',
    '`farms[0].servers` must be a list of servers, or an object with `dns`',
    '`farms[0].retry.on` must be a list of connect, reset, timeout and statuses from 500 to 599',
    '`farms[0].retry.attempts` must be a whole number, 0 or more',
    '`farms[1].limits.tunnels` must be a whole number, 0 or more',
    '`farms[1].hash` must be given: `requestHash` needs it',
    '`farms[1].affinity.cookie` must be the name of a cookie',
    '`farms[1].affinity.sameSite` must be one of Strict, Lax, None',
    '`farms[1].affinity.onLost` must be one of redistribute, refuse',
    '`farms[1].servers[0]` must be a host name or an IP address',
    '`farms[1].servers[1]` must be a host name or an IP address',
    '`farms[1].servers[2]` must be an address or an object',
    '`farms[1].servers[3].limits`: `wait` is no option',
    '`farms[1].servers[3].httpPort` must be a whole number from 1 to 65535',
    '`farms[1].servers[3].hostName` must be a host, with a port or without',
    '`farms[1].servers[3].weight` must be a whole number from 0 to 65535',
    '`farms[1].servers[3].state` must be one of available, draining, unavailableGracefully, unavailableImmediately',
    '`farms[1].servers` must have X:80:443 once: it is there twice',
    '`farms[1].limits.wait` must be a number from 0 to 2147483647',
    '`farms[1].slowStart` must be a number from 0 to 2147483647',
    '`farms[1].goodbye.code` must be a Close code that an endpoint may send: 1000 to 1003, 1007 to 1014, or 3000 to 4999',
    '`farms[1].goodbye.reason` must be a text of at most 123 bytes',
    '`farms[1].onUnhealthy` must be one of keep, close',
    '`farms[1].minServers` must be a whole number, 0 or more',
    '`farms[1].whenAllDown` must be one of all, none',
    '`farms[2].hash.of` must be a function of the request',
    '`farms[2].hash.queryStringNames` must be a list of texts',
    '`farms[2].hash.serverVariable` must be one of URL, QUERY_STRING, REMOTE_ADDR, REQUEST_URI, REQUEST_METHOD, SERVER_NAME, or HTTP_ with a header\'s name',
    '`farms[2].hash.boundedLoad` must be 0, or 1 and more',
    '`farms[2].rebalance` must be false: `farms[2].affinity` brings the clients back to the same servers',
    '`farms[2].name` must be another than that of the other farms',
    '`farms[3]` must be an object',
    '`farms[4].rebalance` must be false: `farms[4].algorithm` brings the clients back to the same servers',
    '`farms[4].rebalance.perSecond` must be a whole number, 1 or more',
    '`farms[4].servers.server`: `address` is no option',
    '`farms[4].servers.server.weight` must be a whole number from 0 to 65535'
  ])
})

t.test('a farm that is not enabled is validated, and left out', async t => {
  t.same(await mistakesIn({ farms: [{ name: 'a', enabled: false, servers: 1 }] }), ['`farms[0].servers` must be a list of servers, or an object with `dns`'])
  const fastify = Fastify()
  await fastify.register(serverFarm, { farms: [{ name: 'a', enabled: false, servers: ['x'] }, { name: 'b', servers: ['x'] }] })
  t.same([...fastify.farms].map(({ name }) => name), ['b'])
  await fastify.close()
})

t.test('`farms` must be a list', async t => {
  t.same(await mistakesIn({ farms: {} }), ['`farms` must be a list'])
})
