// What a trace has of proxied requests and of WebSockets, through the real proxy, to a real upstream.
import { once } from 'node:events'
import { connect } from 'node:net'
import { requestTrace } from '../src/index.ts'
import { urlRewrite } from '@fastify-arr/url-rewrite'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { dataOf, eventsOf, names, proxyTo, serve, upstream, type Serving } from './serving.ts'

async function open (t: Test, { port }: Serving, path = '/chat', options = {}): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options)
  socket.on('error', () => {})
  t.teardown(() => { socket.terminate() })
  await once(socket, 'open')
  return socket
}

/** `once` would reject at the error that may come before. */
function closed (socket: WebSocket): Promise<void> {
  return new Promise(resolve => { socket.on('error', () => {}).once('close', () => { resolve() }) })
}

t.test('a proxied request: what the client got, and which upstream it was', async t => {
  const up = await upstream(t, (_, response) => { response.writeHead(503, { 'X-Own': 'yes', 'Content-Type': 'text/plain' }).end('no') })
  const server = await serve(t, { rules: [{ statusCodes: '503' }] }, proxyTo(up.port))
  await (await fetch(`http://127.0.0.1:${server.port}/a`)).text()
  const [trace] = await server.written(1)
  t.match(trace, { status: 503, trigger: '503', logId: /^[0-9a-f-]{36}$/i })
  t.match(dataOf(trace!, 'GENERAL_RESPONSE_HEADERS').Headers, /^x-own: yes\r\n/im)
  t.same(eventsOf(trace!, 'MODULE_SET_RESPONSE_ERROR_STATUS'), [], 'the upstream has answered so')
})

t.test('an upstream that is not there is 502.3 of ApplicationRequestRouting, with the number of Windows', async t => {
  const server = await serve(t, { rules: [{ statusCodes: '502.3' }] }, proxyTo(1))
  await (await fetch(`http://127.0.0.1:${server.port}/a`)).text()
  const [trace] = await server.written(1)
  t.match(trace, { status: 502, subStatus: 3, trigger: '502.3' })
  t.match(eventsOf(trace!, 'MODULE_SET_RESPONSE_ERROR_STATUS').map(({ data }) => data), [{ ModuleName: 'ApplicationRequestRouting', HttpStatus: 502, HttpReason: 'Bad Gateway', HttpSubStatus: 3, ErrorCode: 0x80072efd }])
})

t.test('a WebSocket whose upstream went away with 1011 is traced to its end, once', async t => {
  const up = await upstream(t, () => {}, socket => { socket.on('message', data => { socket.send(data); socket.close(1011, 'database went away') }) })
  const server = await serve(t, { rules: [{ webSocket: { closeCodes: '1011' } }] }, proxyTo(up.port))
  const fine = await open(t, server)
  fine.close(1000)
  await closed(fine)
  const socket = await open(t, server)
  socket.send('hello')
  await closed(socket)
  const [trace, ...others] = await server.written(1)
  t.same(others, [])
  t.match(trace, { status: 101, failureReason: 'WEBSOCKET_ENDING', trigger: '', verb: 'GET' })
  t.match(dataOf(trace!, 'WEBSOCKET_OPEN'), { Http: '1.1' })
  t.match(dataOf(trace!, 'WEBSOCKET_CLOSED'), { ClosedBy: 'upstream', Ending: 'end', CloseCode: 1011, CloseReason: 'database went away', MessagesFromClient: 1, MessagesFromUpstream: 1 })
  t.ok(names(trace!).indexOf('WEBSOCKET_OPEN') < names(trace!).indexOf('WEBSOCKET_CLOSED'))
})

t.test('a 101 is judged when the WebSocket opens, and written when it has ended', async t => {
  let known: unknown
  const up = await upstream(t, () => {}, socket => { socket.on('message', data => { socket.send(data) }) })
  const server = await serve(t, { rules: [{ statusCodes: '101' }] }, async app => {
    await app.register(upstreamProxy, { upstream: `http://127.0.0.1:${up.port}` })
    app.addHook('onRequest', async request => { known = () => request.trace })
  })
  const socket = await open(t, server)
  t.same((known as () => unknown)(), { id: 'fr000001', file: 'W3SVC1/fr000001' }, 'it has its number while it is open')
  t.equal(server.app.traces.size, 0)
  socket.close(1000)
  await closed(socket)
  t.match(await server.written(1), [{ trigger: '101', failureReason: 'STATUS_CODE', status: 101 }])
})

t.test('the time of a WebSocket is that of its handshake', async t => {
  const up = await upstream(t, () => {}, () => {})
  const server = await serve(t, { rules: [{ timeTaken: 2_000 }] }, proxyTo(up.port))
  const socket = await open(t, server)
  // Longer than the limit without waiting for it: the clock of the recording is put back.
  const { now } = performance
  performance.now = () => now.call(performance) + 60_000
  t.teardown(() => { performance.now = now })
  socket.close(1000)
  await closed(socket)
  await server.app.close()
  t.equal(server.app.traces.size, 0)
})

t.test('a WebSocket that its upstream resets', async t => {
  const up = await upstream(t, () => {}, (socket, raw) => { socket.on('message', () => { raw.resetAndDestroy() }) })
  const server = await serve(t, { rules: [{ webSocket: { endings: ['reset'] } }] }, proxyTo(up.port))
  const socket = await open(t, server)
  socket.send('go')
  await closed(socket)
  const [trace] = await server.written(1)
  t.match(dataOf(trace!, 'WEBSOCKET_CLOSED'), { ClosedBy: 'upstream', Ending: 'reset' })
  t.equal(dataOf(trace!, 'WEBSOCKET_CLOSED').CloseCode, undefined)
})

t.test('a WebSocket whose upstream never spoke', async t => {
  const up = await upstream(t, () => {}, () => {})
  const server = await serve(t, { rules: [{ webSocket: { neverSpoke: true } }] }, proxyTo(up.port))
  const socket = await open(t, server)
  socket.send('hello?')
  socket.close(1000)
  await closed(socket)
  const [trace] = await server.written(1)
  t.match(dataOf(trace!, 'WEBSOCKET_CLOSED'), { ClosedBy: 'client', MessagesFromClient: 1, MessagesFromUpstream: 0 })
})

t.test('a refused handshake is traced where a rule asks for refused ones, with what the client got', async t => {
  const up = await upstream(t, () => {})
  up.server.on('upgrade', (_, socket) => { socket.end('HTTP/1.1 403 Forbidden\r\nX-Why: origin\r\nContent-Length: 0\r\n\r\n') })
  const server = await serve(t, { rules: [{ webSocket: { refused: true } }] }, proxyTo(up.port))
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`)
  socket.on('error', () => {})
  await closed(socket)
  const [trace] = await server.written(1)
  t.match(trace, { status: 403, failureReason: 'WEBSOCKET_ENDING' })
  t.match(dataOf(trace!, 'GENERAL_RESPONSE_HEADERS').Headers, /x-why: origin/i)
  t.equal(eventsOf(trace!, 'WEBSOCKET_OPEN').length, 0)
})

t.test('the header of a trace that is asked for does not reach the upstream, neither with a request nor with a handshake', async t => {
  const secret = 'open sesame, please'
  const seen: string[][] = []
  const up = await upstream(t, (request, response) => { seen.push(request.rawHeaders); response.end() }, socket => { socket.close() })
  up.server.prependListener('upgrade', request => { seen.push(request.rawHeaders) })
  for (const order of ['before', 'after'] as const) {
    const plugins = proxyTo(up.port)
    const server = await serve(t, { rules: [{ onDemand: { header: 'x-trace', secret } }] }, order === 'before' ? plugins : undefined, order === 'after' ? plugins : undefined)
    await (await fetch(`http://127.0.0.1:${server.port}/`, { headers: { 'X-Trace': secret } })).text()
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`, { headers: { 'X-Trace': secret } })
    await closed(socket)
    t.match(await server.written(2), [{ failureReason: 'ON_DEMAND', status: 101 }, { failureReason: 'ON_DEMAND', status: 200 }])
  }
  t.equal(seen.length, 4)
  t.notMatch(JSON.stringify(seen), /x-trace|sesame/i)
})

t.test('a rule that puts the request elsewhere is in the trace of the proxied request', async t => {
  const up = await upstream(t, (request, response) => { response.writeHead(404).end(request.url) })
  const server = await serve(t, { rules: [{ statusCodes: '404' }] }, async app => {
    await app.register(urlRewrite, { rules: [{ name: 'proxy', match: { url: '(.*)' }, action: { type: 'Rewrite', url: `http://127.0.0.1:${up.port}/app/{R:1}` } }] })
    await app.register(upstreamProxy)
  })
  await (await fetch(`http://127.0.0.1:${server.port}/x?y`)).text()
  const [trace] = await server.written(1)
  t.match(dataOf(trace!, 'URL_REWRITE_END'), { RequestURL: `http://127.0.0.1:${up.port}/app/x?y` })
})

t.test('a client that is reset while it uploads ends its trace', async t => {
  const up = await upstream(t, request => { request.resume() })
  const server = await serve(t, { rules: [{ statusCodes: '499' }] }, proxyTo(up.port))
  const arrived = once(up.server, 'request')
  const socket = connect(server.port, '127.0.0.1')
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc')
  await arrived
  socket.resetAndDestroy()
  t.match((await server.written(1))[0], { status: null, trigger: '499' })
})

t.test('closing the server writes the traces of the WebSockets that it closes', async t => {
  const up = await upstream(t, () => {}, () => {})
  const server = await serve(t, { rules: [{ webSocket: { endings: ['drain'], closeCodes: '1001' } }] }, async app => {
    await app.register(upstreamProxy, { upstream: `http://127.0.0.1:${up.port}`, websocket: { drain: { window: 0, deadline: 500 } } } as never)
  })
  await open(t, server)
  await server.app.close()
  t.match([...server.app.traces], [{ status: 101 }])
  t.equal(server.app.traces.written, 1)
})

t.test('the plugin is registered with its own name', async t => {
  const server = await serve(t, { directory: null })
  t.ok(server.app.hasPlugin('@fastify-arr/request-trace'))
  t.type(requestTrace, 'function')
})
