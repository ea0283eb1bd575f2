// A server of its own process that orders certificates, for the test that kills it.
import Fastify from 'fastify'
import { listeners, type AcmeOptions } from '../src/index.ts'

const acme = { ...JSON.parse(process.argv[2] as string) as AcmeOptions, resolve: async () => ['127.0.0.1'] }
const app = Fastify()
await app.register(listeners, { certificate: 'acme', acme, listeners: [{ port: 0, https: true }] })
await app.listen({ port: 0, host: '127.0.0.1' })
