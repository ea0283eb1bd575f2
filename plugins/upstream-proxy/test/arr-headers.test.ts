// What the upstream is told about the client's TLS, and that no client can say it.
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:tls'
import { generate } from 'selfsigned'
import t, { type Test } from 'tap'
import type { UpstreamProxyOptions } from '../src/index.ts'
import { answering, proxy, talk } from './forward-subjects.ts'
import { ask as askRaw, handshake } from './parts.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const server = await generate([{ name: 'commonName', value: 'localhost' }, { name: 'organizationName', value: 'Shop>Inc' }], { keySize: 2048 })
const client = await generate([{ name: 'commonName', value: 'a client' }], { keySize: 2048 })
const stranger = await generate([{ name: 'commonName', value: 'a stranger' }], { keySize: 2048 })
const https = { key: server.private, cert: server.cert, requestCert: true, rejectUnauthorized: false, ca: client.cert }
const EVIL = ['X-ARR-SSL: 2048|256|evil', 'X-ARR-ClientCert: evil', 'X_ARR_SSL: evil', 'x-arr_clientcert: evil']
const SSL = /^2048\|(128|256)\|CN=localhost, O="Shop>Inc"\|CN=localhost, O="Shop>Inc"$/

interface Asked {
  readonly tls?: boolean
  readonly key?: { readonly private: string, readonly cert: string }
  readonly trust?: boolean
  readonly options?: UpstreamProxyOptions
  readonly way?: 'http' | 'websocket' | 'http2'
}

/** The X-ARR headers that the upstream got for a request with forged ones. */
async function told (t: Test, { tls = true, key, trust = false, options = { arrHeaders: true }, way = 'http' }: Asked): Promise<Record<string, string[]>> {
  const backend = await answering(t, way === 'websocket' ? 'HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n' : OK)
  const { port } = await proxy(t, { upstream: backend.url, ...options }, { ...tls && { https: { ...https, allowHTTP1: true }, http2: true }, trustProxy: trust } as object)
  const secrets = { rejectUnauthorized: false, ...key && { key: key.private, cert: key.cert } }
  if (way === 'http2') {
    const session = connectHttp2(`https://127.0.0.1:${port}`, secrets)
    const stream = session.request({ ':path': '/', 'x-arr-ssl': 'evil', 'x-arr-clientcert': 'evil', x_arr_ssl: 'evil' })
    stream.resume()
    await once(stream, 'end')
    session.close()
  } else {
    const head = way === 'websocket' ? handshake('/', `${EVIL.join('\r\n')}\r\n`) : `GET / HTTP/1.1\r\nHost: public.test\r\n${EVIL.join('\r\n')}\r\nConnection: close\r\n\r\n`
    if (!tls) await (way === 'websocket' ? askRaw(t, port, head) : talk(port, head))
    else {
      const socket = connect({ port, host: '127.0.0.1', ALPNProtocols: ['http/1.1'], ...secrets })
      socket.write(head)
      await once(socket, 'data')
      socket.destroy()
    }
  }
  const found: Record<string, string[]> = {}
  for (const line of backend.received().split('\r\n')) {
    const [, name, value] = /^(x[-_]arr[-_](?:ssl|clientcert)): (.*)$/i.exec(line) ?? []
    if (name !== undefined && value !== undefined) (found[name.toLowerCase().replaceAll('_', '-')] ??= []).push(value)
  }
  return found
}

for (const way of ['http', 'websocket', 'http2'] as const) {
  t.test(`${way}: X-ARR-SSL is of the connection, and a client's own is dropped, whether it is trusted or not`, async t => {
    for (const trust of [false, true]) {
      const found = await told(t, { way, trust })
      t.match(found, { 'x-arr-ssl': [SSL] })
      t.same(Object.keys(found), ['x-arr-ssl'])
    }
  })

  t.test(`${way}: X-ARR-ClientCert is a valid certificate of the client, and never another`, async t => {
    const found = await told(t, { way, key: client })
    t.equal(found['x-arr-clientcert']?.length, 1)
    t.equal(new X509Certificate(Buffer.from(found['x-arr-clientcert']?.[0] ?? '', 'base64')).fingerprint256, new X509Certificate(client.cert).fingerprint256)
    t.same(Object.keys(await told(t, { way, key: stranger })), ['x-arr-ssl'], 'of an authority that nobody trusts')
  })
}

t.test('without TLS neither is sent', async t => {
  for (const way of ['http', 'websocket'] as const) {
    for (const trust of [false, true]) t.same(await told(t, { way, trust, tls: false }), {})
  }
})

t.test('without the option a trusted client\'s pass, and nobody else\'s', async t => {
  t.same(await told(t, { options: {} }), {})
  t.match(await told(t, { options: {}, trust: true }), { 'x-arr-ssl': ['2048|256|evil'], 'x-arr-clientcert': ['evil'] })
})

t.test('a value of the option that is no boolean is a mistake', async t => {
  await t.rejects(proxy(t, { upstream: 'http://127.0.0.1:1', arrHeaders: 'yes' as unknown as boolean }), { message: /`arrHeaders` must be true or false/ })
})
