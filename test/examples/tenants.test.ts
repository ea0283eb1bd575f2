// examples/tenants: each host has its certificate and its upstream, and no other.
import { once } from 'node:events'
import { get, request } from 'node:https'
import { get as plain, type IncomingMessage } from 'node:http'
import { connect } from 'node:tls'
import t from 'tap'
import { converse } from '../conversation.ts'
import { endsInOrder, example } from './started.ts'

const HOSTS = ['red.localhost', 'green.localhost', 'blue.localhost']

const textOf = async (response: IncomingMessage): Promise<string> => Buffer.concat(await response.toArray() as Buffer[]).toString()

t.test('each host has its certificate, its page and its WebSocket', async t => {
  const started = await example(t, 'tenants', { HTTPS_PORT: '0' })
  const [, port = ''] = await started.says(/https:\/\/blue\.localhost:(\d+)/)
  // By address: not every system resolves `*.localhost`.
  const to = (host: string, servername = host): object => ({ host: '127.0.0.1', port, servername, headers: { host: `${host}:${port}` }, rejectUnauthorized: false, agent: false })

  const seen = new Set<string>()
  for (const host of HOSTS) {
    for (const protocol of ['http/1.1', 'h2']) {
      const socket = connect({ host: '127.0.0.1', port: Number(port), servername: host, rejectUnauthorized: false, ALPNProtocols: [protocol] })
      await once(socket, 'secureConnect')
      const { subject, subjectaltname, fingerprint256 } = socket.getPeerCertificate()
      t.match({ name: subject.CN, names: subjectaltname, protocol: socket.alpnProtocol }, { name: host, names: `DNS:${host}`, protocol })
      seen.add(fingerprint256)
      socket.destroy()
    }
    const [response] = await once(get(to(host)), 'response') as [IncomingMessage]
    t.equal(await textOf(response), `this is ${host}`)
    t.equal((await converse(`wss://127.0.0.1:${port}/`, to(host), async ({ next }) => { t.equal(await next(), `text:this is ${host}`) })).status, 101)
  }
  t.equal(seen.size, HOSTS.length, 'a certificate each')

  const [stranger] = await once(request(to('yellow.localhost')).end(), 'response') as [IncomingMessage]
  t.equal(stranger.statusCode, 400, 'a host that is no tenant')
  t.match(await converse(`wss://127.0.0.1:${port}/`, to('yellow.localhost')), { status: 400 })

  const [redirect] = await once(plain({ host: '127.0.0.1', port: new URL(started.url).port, path: '/a?b', headers: { host: 'red.localhost' }, agent: false }), 'response') as [IncomingMessage]
  t.match([redirect.statusCode, redirect.headers.location], [301, `https://red.localhost:${port}/a?b`])
  redirect.resume()
  await endsInOrder(t, started)
})
