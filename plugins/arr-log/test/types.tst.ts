import { expect, test } from 'tstyche'
import fastify from 'fastify'
import arrLog, { type ArrLog, type ArrLogOptions, type Exchange, type Field } from '../src/index.ts'
import pretty from '../src/pretty.ts'
import transport from '../src/transport.ts'

test('the plugin is registered with its own options', () => {
  const app = fastify()
  app.register(arrLog, { directory: 'logs', fields: ['date', 'cs(User-Agent)', 'x-ws-close-code'], retain: { files: 30 } })
  expect(app.register).type.not.toBeCallableWith(arrLog, { period: 'yearly' })
  expect(app.register).type.not.toBeCallableWith(arrLog, { fields: ['cs-nothing'] })
  expect(app.arrLog).type.toBe<ArrLog>()
  expect(app.arrLog.lost).type.toBe<number>()
})

test('a custom field has a source that fits its type', () => {
  expect<ArrLogOptions>().type.toBeAssignableFrom({ customFields: [{ logFieldName: 'a', sourceType: 'RequestHeader' as const, sourceName: 'b' }] })
  expect<ArrLogOptions>().type.not.toBeAssignableFrom({ customFields: [{ logFieldName: 'a', sourceType: 'RequestHeader' as const, value: () => 'b' }] })
  expect<ArrLogOptions>().type.toBeAssignableFrom({ customFields: [{ logFieldName: 'a', sourceType: 'Function' as const, value: () => 5 }] })
})

test('an exchange is a record', () => {
  expect<Exchange['status']>().type.toBe<number>()
  expect<NonNullable<Exchange['websocket']>['closeCode']>().type.toBe<number | null>()
  expect<Field>().type.toBeAssignableFrom('sc-win32-status' as const)
})

test('the transport and the pretty stream take options', () => {
  expect(transport).type.toBeCallableWith({ directory: 'logs', customFields: ['X-Forwarded-For'] })
  expect(pretty).type.toBeCallableWith({ colorize: true })
})
