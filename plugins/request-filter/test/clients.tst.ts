// The types of the options for addresses and WebSockets.
import { expect, test } from 'tstyche'
import type { DynamicIpSecurityOptions, IpSecurityOptions } from '../src/addresses/options.ts'
import type { OriginsOption, WebSocketsPerClientOptions } from '../src/web-sockets/options.ts'

test('origins are a word, a list or an object', () => {
  expect<OriginsOption>().type.toBeAssignableFrom('same' as const)
  expect<OriginsOption>().type.toBeAssignableFrom(['same', 'https://*.example.com'])
  expect<OriginsOption>().type.toBeAssignableFrom({ allow: ['null'], missing: 'refuse' as const })
  expect<OriginsOption>().type.not.toBeAssignableFrom('https://app.example.com' as const)
  expect<OriginsOption>().type.not.toBeAssignableFrom({ missing: 'refuse' as const })
})

test('denyAction is one of four words', () => {
  expect<IpSecurityOptions>().type.toBeAssignableFrom({ addresses: [{ ipAddress: '10.0.0.0/8', allowed: true }], denyAction: 'NotFound' as const })
  expect<IpSecurityOptions>().type.not.toBeAssignableFrom({ denyAction: 'forbidden' as const })
  expect<IpSecurityOptions>().type.not.toBeAssignableFrom({ addresses: [{ allowed: true }] })
})

test('a limit is whole', () => {
  expect<DynamicIpSecurityOptions>().type.toBeAssignableFrom({ denyByRequestRate: { maxRequests: 20, requestIntervalInMilliseconds: 200 } })
  expect<DynamicIpSecurityOptions>().type.not.toBeAssignableFrom({ denyByRequestRate: { maxRequests: 20 } })
  expect<WebSocketsPerClientOptions>().type.not.toBeAssignableFrom({ handshakes: { most: 5 } })
})
