// Requests with `Expect`.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { request as httpRequest, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import type { ListenerRefusal } from '@fastify-arr/facts'
import type { FastifyInstance } from 'fastify'
import { portOf, start as startWith } from './server.ts'

/** The status codes received: a 100 for each 100 Continue, then the final one. */
type Client = (t: Test, app: FastifyInstance, expect: string) => Promise<number[]>

const start = (t: Test): Promise<FastifyInstance> => startWith(t, { certificate: 'development', listeners: [{ port: 0, host: '127.0.0.1' }, { port: 0, host: '127.0.0.1', https: true }] })

async function hearHttp1 (request: ClientRequest): Promise<number[]> {
  const statuses: number[] = []
  request.on('continue', () => {
    statuses.push(100)
    request.end('{}')
  })
  request.on('error', () => {})
  request.flushHeaders()
  const [response] = await once(request, 'response')
  response.resume()
  await once(response, 'end')
  request.destroy()
  return [...statuses, response.statusCode]
}

const headers = (expect: string): Record<string, string | number> => ({ expect, 'content-length': 2, 'content-type': 'application/json' })

const clients: Record<string, Client> = {
  http: (_t, app, expect) => hearHttp1(httpRequest({ method: 'POST', port: portOf(app, 'http'), host: '127.0.0.1', headers: headers(expect) })),
  https: (_t, app, expect) => hearHttp1(httpsRequest({ method: 'POST', port: portOf(app, 'https'), host: '127.0.0.1', headers: headers(expect), rejectUnauthorized: false })),
  async 'HTTP/2' (t, app, expect) {
    const session = connectHttp2(`https://127.0.0.1:${portOf(app, 'https')}`, { rejectUnauthorized: false })
    t.teardown(() => session.destroy())
    const stream = session.request({ ':method': 'POST', ':path': '/', ...headers(expect) })
    const statuses: number[] = []
    stream.on('continue', () => {
      statuses.push(100)
      stream.end('{}')
    })
    const [head] = await once(stream, 'response')
    stream.resume()
    await once(stream, 'end')
    return [...statuses, head[':status']]
  }
}

for (const [name, ask] of Object.entries(clients)) {
  t.test(`${name}: without a listener, 100-continue gets a 100 and any other expectation a 417`, async t => {
    const app = await start(t)
    t.same(await ask(t, app, '100-continue'), [100, 200])
    const refusals: unknown[] = []
    const onRefusal = (message: unknown): void => {
      const { server, reason, request, status } = message as ListenerRefusal
      refusals.push([server === app.server, reason, request?.method, status])
    }
    subscribe('fastify-arr:listeners.refused', onRefusal)
    t.teardown(() => unsubscribe('fastify-arr:listeners.refused', onRefusal))
    t.same(await ask(t, app, 'a miracle'), [417])
    t.same(refusals, name.includes('2') ? [[true, 'expectation', 'POST', 417]] : [], 'Node publishes the HTTP/1.1 request itself')
  })

  t.test(`${name}: a listener on the server answers the expectation`, async t => {
    const app = await start(t)
    app.server.on('checkContinue', (_request: IncomingMessage, response: ServerResponse) => {
      response.statusCode = 413
      response.end()
    })
    app.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
      response.statusCode = request.headers.expect === 'a miracle' ? 501 : 500
      response.end()
    })
    t.same(await ask(t, app, '100-continue'), [413])
    t.same(await ask(t, app, 'a miracle'), [501])
  })
}

t.test('a connection with a pending Expect request is not idle: closing waits for its response', async t => {
  const app = await startWith(t, { listeners: [{ port: 0, host: '127.0.0.1' }] })
  const silent = connect(portOf(app, 'http'), '127.0.0.1')
  await once(silent, 'connect')
  const taken = once(app.server, 'checkContinue')
  const request = httpRequest({ method: 'POST', port: portOf(app, 'http'), host: '127.0.0.1', headers: headers('100-continue') })
  request.flushHeaders()
  const answered = once(request, 'response')
  const [, response] = await taken
  const swept = once(silent.resume(), 'close')
  const closed = app.close()
  await swept
  response.statusCode = 401
  response.end()
  t.equal((await answered)[0].statusCode, 401)
  request.destroy()
  await closed
})

t.test('a CONNECT of HTTP/1.1 is answered 405 and published', async t => {
  const app = await start(t)
  const refusals: unknown[] = []
  const onRefusal = (message: unknown): void => {
    const { server, reason, request, status } = message as ListenerRefusal
    refusals.push([server === app.server, reason, request?.method, request?.url, status])
  }
  subscribe('fastify-arr:listeners.refused', onRefusal)
  t.teardown(() => unsubscribe('fastify-arr:listeners.refused', onRefusal))
  const socket = connect(portOf(app, 'http'), '127.0.0.1').setEncoding('utf8')
  t.teardown(() => socket.destroy())
  socket.write('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n')
  let answer = ''
  socket.on('data', text => { answer += text })
  await once(socket, 'close')
  t.equal(answer, 'HTTP/1.1 405 Method Not Allowed\r\nAllow: \r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
  t.same(refusals, [[true, 'method', 'CONNECT', 'example.com:443', 405]])
})
