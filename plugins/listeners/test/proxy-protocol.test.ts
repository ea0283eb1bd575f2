// The PROXY protocol: the client's address behind a load balancer, and only from the balancers that are listed.
import type { FastifyRequest } from 'fastify'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { connect as connectHttp2 } from 'node:http2'
import t from 'tap'
import { makeAuthority, makeCertificate } from '../src/certificates/authority.ts'
import { compileAddresses } from '../src/plan/addresses.ts'
import { parseProxyHeader } from '../src/protocols/proxy-protocol.ts'
import { build, portOf, start, until, type Test } from './server.ts'

const certificate = await makeCertificate(await makeAuthority(['test'], 'authority of this test'), ['proxy.test'])

const version1 = Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n')
const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const version2 = (command: number, family: number, payload: string): Buffer => {
  const bytes = Buffer.from(payload, 'hex')
  return Buffer.concat([signature, Buffer.from([0x20 | command, family, bytes.length >> 8, bytes.length & 0xff]), bytes])
}
const ipv4 = version2(1, 0x11, 'c0000207' + 'c6336401' + 'dc04' + '01bb')
const ipv6 = version2(1, 0x21, '20010db8000000000000000000000007' + '20010db8000000000000000000000001' + 'dc04' + '01bb' + '040003aabbcc')

t.test('headers are parsed as the specification defines them', t => {
  t.same(parseProxyHeader(version1), { length: version1.length, client: { address: '192.0.2.7', port: 56324 } })
  t.same(parseProxyHeader(Buffer.from('PROXY TCP6 2001:db8::7 ::1 1 2\r\nGET /')), { length: 32, client: { address: '2001:db8::7', port: 1 } })
  t.same(parseProxyHeader(Buffer.from('PROXY UNKNOWN\r\n')), { length: 15, client: null })
  t.same(parseProxyHeader(ipv4), { length: 28, client: { address: '192.0.2.7', port: 56324 } })
  t.same(parseProxyHeader(ipv6), { length: 58, client: { address: '2001:db8::7', port: 56324 } }, 'what else the balancer adds is skipped')
  t.same(parseProxyHeader(version2(0, 0, '')), { length: 16, client: null }, "the balancer's own health check")
  for (const whole of [version1, ipv4, ipv6]) {
    for (let length = 0; length < whole.length; length++) t.equal(parseProxyHeader(whole.subarray(0, length)), 'more', `${length} bytes`)
  }
  const bad = ['GET / HTTP/1.1\r\n', 'PROXY TCP4 a b 1 2\r\n', 'PROXY TCP4 1.1.1.1 1.1.1.1 01 2\r\n', 'PROXY TCP4 1.1.1.1 1.1.1.1 1 65536\r\n', 'PROXY TCP4 ::1 ::1 1 2\r\n', 'PROXY TCP4 1.1.1.1 1.1.1.1 1 2 3\r\n', 'PROXY ' + 'x'.repeat(120)]
  for (const text of bad) t.equal(parseProxyHeader(Buffer.from(text)), 'bad', JSON.stringify(text))
  t.equal(parseProxyHeader(version2(2, 0x11, '')), 'bad', 'a command that is none')
  t.equal(parseProxyHeader(version2(1, 0x11, 'c0000207')), 'bad', 'addresses cut short')
  t.equal(parseProxyHeader(Buffer.concat([signature, Buffer.from([0x11, 0x11, 0, 0])])), 'bad', 'a version that is none')
  t.end()
})

t.test('addresses and networks', t => {
  const trusted = compileAddresses(['10.0.0.0/8', '192.0.2.1', '2001:db8::/32'])
  t.same(['10.1.2.3', '::ffff:10.1.2.3', '192.0.2.1', '2001:db8::1'].map(address => trusted?.(address)), [true, true, true, true])
  t.same(['11.0.0.1', '192.0.2.2', '2001:db9::1', undefined].map(address => trusted?.(address)), [false, false, false, false])
  t.equal(compileAddresses(['10.0.0.0/33']), null)
  t.equal(compileAddresses(['balancer.example']), null)
  t.end()
})

const get = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

async function textOf (socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', chunk => { text += chunk })
  socket.on('error', () => {})
  await new Promise(resolve => socket.once('close', resolve))
  return text
}

const ipOf = (answer: string): string | undefined => /"ip":"([^"]*)"/.exec(answer)?.[1]

async function ask (port: number, ...chunks: (string | Buffer)[]): Promise<string> {
  const socket = connect(port, '127.0.0.1').setNoDelay()
  const text = textOf(socket)
  for (const chunk of chunks) {
    socket.write(chunk)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return await text
}

async function secure (t: Test, port: number, ...header: Buffer[]): Promise<ReturnType<typeof connectTls>> {
  const raw = connect(port, '127.0.0.1')
  for (const part of header) raw.write(part)
  const socket = connectTls({ socket: raw, servername: 'proxy.test', rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] })
  t.teardown(() => { socket.destroy(); raw.destroy() })
  await once(socket, 'secureConnect')
  return socket
}

t.test('the address is the client\'s, on http, https and HTTP/2', async t => {
  const app = await start(t, { certificate, listeners: [{ port: 0, host: '127.0.0.1', proxyProtocol: ['127.0.0.0/8'] }, { port: 0, host: '127.0.0.1', https: true, proxyProtocol: ['127.0.0.1'] }] })
  const port = portOf(app, 'http')
  t.equal(ipOf(await ask(port, Buffer.concat([version1, Buffer.from(get)]))), '192.0.2.7', 'in one piece')
  t.equal(ipOf(await ask(port, version1, get)), '192.0.2.7', 'in two pieces')
  t.equal(ipOf(await ask(port, ipv6.subarray(0, 20), ipv6.subarray(20), get.slice(0, 10), get.slice(10))), '2001:db8::7', 'in many pieces')
  t.equal(ipOf(await ask(port, version2(0, 0, ''), get)), '127.0.0.1', 'a health check is the balancer\'s own')
  t.equal(await ask(port, get), '', 'without a header the connection is closed')

  const socket = await secure(t, portOf(app, 'https'), ipv4)
  t.equal(socket.alpnProtocol, 'h2')
  const session = connectHttp2('https://proxy.test', { createConnection: () => socket })
  t.teardown(() => session.destroy())
  const stream = session.request({ ':path': '/' }).setEncoding('utf8')
  let text = ''
  for await (const chunk of stream) text += chunk
  t.equal(ipOf(text), '192.0.2.7')
})

t.test('a header from an address that is not listed is invalid HTTP', async t => {
  const app = await start(t, { listeners: [{ port: 0, host: '127.0.0.1', proxyProtocol: ['10.0.0.1'] }] })
  t.match(await ask(portOf(app, 'http'), Buffer.concat([version1, Buffer.from(get)])), /^HTTP\/1\.1 400 /)
  t.equal(ipOf(await ask(portOf(app, 'http'), get)), '127.0.0.1')
})

t.test('a header that never ends is cut', async t => {
  const app = await start(t, { limits: { handshakeTimeout: 100 }, listeners: [{ port: 0, host: '127.0.0.1', proxyProtocol: true }] })
  t.equal(await ask(portOf(app, 'http'), 'PROXY TCP4 '), '')
})

t.test('the header and the handshake share one time limit', async t => {
  const timeout = 900
  const app = await start(t, { certificate, limits: { handshakeTimeout: timeout }, listeners: [{ port: 0, host: '127.0.0.1', https: true, proxyProtocol: true }] })
  const port = portOf(app, 'https')
  const done = await secure(t, port, version1)
  let wasCut = false
  done.resume().once('close', () => { wasCut = true })
  const ends: string[] = []
  const open = async (name: string): Promise<{ socket: Socket, gone: Promise<unknown> }> => {
    const socket = connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    await once(socket, 'connect')
    let isOver = false
    // Measured by the first event of the end: of two connections that end at once, 'close' comes in any order.
    const over = (): void => { if (!isOver) isOver = ends.push(name) > 0 }
    socket.once('end', over).once('error', over)
    return { socket, gone: new Promise(resolve => socket.resume().once('close', resolve)) }
  }
  const early = await open('early, with its header')
  await new Promise(resolve => setTimeout(resolve, timeout / 3))
  const late = await open('late, without')
  await new Promise(resolve => setTimeout(resolve, timeout / 3))
  early.socket.write(version1)
  await Promise.all([early.gone, late.gone])
  t.same(ends, ['early, with its header', 'late, without'])
  t.notOk(wasCut, 'a connection whose handshake is done stays')
})

t.test('a connection whose header has not arrived is counted', async t => {
  const app = await start(t, { limits: { connections: 1 }, listeners: [{ port: 0, host: '127.0.0.1', proxyProtocol: true }] })
  const withoutHeader = connect(portOf(app, 'http'), '127.0.0.1')
  t.teardown(() => withoutHeader.destroy())
  await once(withoutHeader, 'connect')
  t.equal(await ask(portOf(app, 'http'), version1, get), '', 'and the next one has no room')
  withoutHeader.destroy()
  await until(async () => ipOf(await ask(portOf(app, 'http'), version1, get)) === '192.0.2.7')
})

t.test('a client\'s address is kept when an older connection with the same addresses and ports closes', async t => {
  const app = await build(t, { certificate, listeners: [{ port: 0, host: '127.0.0.1', https: true, proxyProtocol: true }] })
  // The body is not read, so the server does not notice that the connection was reset.
  const unread = new Promise<FastifyRequest>(resolve => { app.addContentTypeParser('text/unread', (request: FastifyRequest) => { resolve(request) }) })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const port = portOf(app, 'https')
  const tlsOver = (raw: Socket, mayWrite: () => Promise<unknown>): TLSSocket => {
    const link = new Duplex({ read () {}, write (chunk, _encoding, done) { mayWrite().then(() => raw.write(chunk, () => done())) }, final (done) { done() } })
    raw.on('error', () => {})
    raw.on('data', chunk => link.push(chunk))
    const socket = connectTls({ socket: link, rejectUnauthorized: false })
    t.teardown(() => { raw.destroy(); socket.destroy() })
    return socket.on('error', () => {})
  }

  // Bound before it connects, the port is exclusive: otherwise the system may choose one that is shared and cannot be bound again.
  const old = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.1' })
  await once(old, 'connect')
  const { localPort } = old
  old.write('PROXY TCP4 203.0.113.1 127.0.0.1 4242 443\r\n')
  const oldSecure = tlsOver(old, async () => {})
  oldSecure.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/unread\r\nContent-Length: 9000000\r\n\r\n')
  oldSecure.write(Buffer.alloc(4_000_000))
  const { raw } = await unread
  await until(() => raw.readableLength >= raw.readableHighWaterMark)
  old.resetAndDestroy()
  await once(old, 'close')

  const young = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.1', localPort: localPort as number })
  await once(young, 'connect')
  young.write('PROXY TCP4 203.0.113.2 127.0.0.1 4242 443\r\n')
  let goOn = (): void => {}
  const held = new Promise<void>(resolve => { goOn = resolve })
  let writes = 0
  const youngSecure = tlsOver(young, async () => { if (++writes > 1) await held })
  // The server has read the header and begun its handshake, which waits for the client's second flight.
  await once(young, 'data')
  t.equal(raw.socket.destroyed, false)
  raw.socket.destroy()
  await once(raw.socket, 'close')
  // The socket beneath closes after it.
  await new Promise(resolve => setImmediate(resolve))
  goOn()
  youngSecure.write(get)
  const [answer] = await once(youngSecure, 'data')
  t.equal(ipOf(String(answer)), '203.0.113.2')
})
