// The types that users of the plugin meet.
import Fastify, { type FastifyRequest } from 'fastify'
import { expect, test } from 'tstyche'
import serverFarmDefault, {
  serverFarm, type Algorithm, type FarmChoice, type FarmControl, type FarmInfo, type FarmOptions, type FarmRefusal, type FarmServerState, type FarmVisit, type ServerFarmOptions,
  type ServerFarms
} from '../src/index.ts'

test('the options', () => {
  const fastify = Fastify()
  fastify.register(serverFarm, { farms: [{ name: 'chat', servers: ['10.0.0.1', { address: '10.0.0.2', weight: 50 }] }] })
  fastify.register(serverFarmDefault, {})
  expect<{ dns: string, type: 'SRV' }>().type.toBeAssignableTo<FarmOptions['servers']>()
  expect<'leastRequests'>().type.toBeAssignableTo<Algorithm>()
  expect<{ farms: [{ name: 'chat' }] }>().type.not.toBeAssignableTo<ServerFarmOptions>()
  expect<{ name: 'chat', servers: [], algorithm: 'best' }>().type.not.toBeAssignableTo<FarmOptions>()
  expect<{ name: 'chat', servers: [], retry: true }>().type.not.toBeAssignableTo<FarmOptions>()
})

test('what other plugins and users read and do', () => {
  const { farms } = Fastify()
  expect(farms).type.toBe<ServerFarms>()
  expect(farms.get('chat')).type.toBe<FarmInfo | undefined>()
  expect([...farms]).type.toBe<FarmInfo[]>()
  expect(farms.farm('chat')).type.toBe<FarmControl>()
  expect(farms.replace([])).type.toBe<void>()
  expect(farms.farm('chat').rebalance({ perSecond: 1 })).type.toBe<number>()
  expect<Parameters<FarmControl['setState']>[1]>().type.toBe<FarmServerState>()
  expect(farms.visit('chat', { request: {} as FastifyRequest, secure: false, kind: 'webSocket' })).type.toBe<FarmVisit | null>()
  expect<Parameters<Parameters<FarmVisit['ask']>[0]>[0]>().type.toBe<FarmChoice | FarmRefusal>()
})
