// The public types of the plugin.
import Fastify from 'fastify'
import { expect, test } from 'tstyche'
import listenersDefault, { howToTrust, listeners, type AcmeName, type AcmeOptions, type CertificateOptions, type ListenerAddress, type ListenerOptions, type ListenersOptions } from '../src/index.ts'

test('the options', () => {
  const fastify = Fastify()
  fastify.register(listeners, { certificate: 'development', listeners: [{ port: 0 }, { port: 0, https: { certificate: [{ cert: '', key: '' }], tls: { minVersion: 'TLSv1.3' } } }, 'http/*:80:'] })
  fastify.register(listenersDefault, { listeners: [] })
  fastify.register(listeners, { certificate: ['acme', 'development'], acme: { email: 'a@b.net', agreeToTerms: true, allow: async name => name !== '' }, listeners: [] })
  expect<{ email: 'a@b.net', agreeToTerms: false }>().type.not.toBeAssignableTo<AcmeOptions>()
  expect<{}>().type.not.toBeAssignableTo<ListenersOptions>()
  expect<{ cert: string }>().type.not.toBeAssignableTo<CertificateOptions>()
  expect<{ port: '80' }>().type.not.toBeAssignableTo<ListenerOptions>()
  expect<{ port: 80, limits: { headersTimeout: '1' } }>().type.not.toBeAssignableTo<ListenerOptions>()
})

test('the decorators', () => {
  const fastify = Fastify()
  expect(fastify.listeners.addresses).type.toBe<readonly ListenerAddress[]>()
  expect(fastify.listeners.acme).type.toBe<readonly AcmeName[]>()
  expect(fastify.listeners.listen()).type.toBe<Promise<readonly ListenerAddress[]>>()
  expect(fastify.listeners.reload()).type.toBe<Promise<void>>()
  expect(howToTrust('file')).type.toBe<string>()
})
