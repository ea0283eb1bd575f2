// Does the log name the trace? In whichever order the two are registered.
import { arrLog } from '@fastify-arr/arr-log'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { connect as connectHttp2 } from 'node:http2'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { WebSocket } from 'ws'
import { serve, upstream, type Serving } from './serving.ts'

interface Entry { readonly exchange: { readonly path: string, readonly status: number }, readonly trace?: string }

/** The entries of the log, by path. */
async function entries ({ app, lines }: Serving): Promise<Record<string, string | null>> {
  await app.close()
  return Object.fromEntries((lines as unknown as Entry[]).filter(({ exchange }) => exchange !== undefined).map(({ exchange, trace }) => [exchange.path, trace ?? null]))
}

for (const order of ['before', 'after'] as const) {
  const log = async (app: FastifyInstance) => { await app.register(arrLog, { file: false }) }

  t.test(`the log is registered ${order} request-trace: a line names its trace, and a line without one names none`, async t => {
    const up = await upstream(t, (request, response) => { response.writeHead(request.url === '/bad' ? 500 : 200).end() }, socket => { socket.on('message', () => { socket.close(1011) }) })
    const server = await serve(t, { directory: null, rules: [{ statusCodes: '404,500', webSocket: { closeCodes: '1011', endings: ['reset'] } }] }, async app => {
      if (order === 'after') await log(app)
      await app.register(upstreamProxy, { upstream: `http://127.0.0.1:${up.port}`, prefix: '/' })
    }, order === 'before' ? log : undefined)
    const base = `127.0.0.1:${server.port}`
    for (const path of ['/good', '/bad']) await (await fetch(`http://${base}${path}`)).text()
    for (const path of ['/chat', '/reset']) {
      const socket = new WebSocket(`ws://${base}${path}`)
      const closed = new Promise(resolve => { socket.on('error', () => {}).on('close', resolve) })
      await once(socket, 'open')
      if (path === '/chat') socket.send('x')
      else (socket as unknown as { _socket: { resetAndDestroy (): void } })._socket.resetAndDestroy()
      await closed
    }
    await server.written(3)
    t.same(await entries(server), { '/good': null, '/bad': 'W3SVC1/fr000001', '/chat': 'W3SVC1/fr000002', '/reset': 'W3SVC1/fr000003' })
  })

  t.test(`the log is registered ${order} request-trace: over HTTP/2, and where the client leaves`, async t => {
    let arrived = () => {}
    const came = new Promise<void>(resolve => { arrived = resolve })
    const server = await serve(t, { directory: null, rules: [{ statusCodes: '404,499' }] }, async app => {
      if (order === 'after') await log(app)
      app.get('/good', async () => 'ok')
      app.get('/never', () => { arrived(); return new Promise(() => {}) })
    }, order === 'before' ? log : undefined, { http2: true } as never)
    const session = connectHttp2(`http://127.0.0.1:${server.port}`)
    session.on('error', () => {})
    for (const path of ['/good', '/bad']) await once(session.request({ ':path': path }).resume(), 'end')
    const stream = session.request({ ':path': '/never' })
    stream.on('error', () => {})
    await came
    stream.close(8)
    await server.written(2)
    session.destroy()
    t.same(await entries(server), { '/good': null, '/bad': 'W3SVC1/fr000001', '/never': 'W3SVC1/fr000002' })
  })

  t.test(`the log is registered ${order} request-trace: requests of a pipeline whose connection is lost`, async t => {
    let count = 0
    let arrived = () => {}
    const came = new Promise<void>(resolve => { arrived = () => { if (++count === 2) resolve() } })
    const server = await serve(t, { directory: null, rules: [{ statusCodes: '499' }] }, async app => {
      if (order === 'after') await log(app)
      app.get('/*', () => { arrived(); return new Promise(() => {}) })
    }, order === 'before' ? log : undefined)
    const socket = connect(server.port, '127.0.0.1')
    socket.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n')
    await came
    socket.resetAndDestroy()
    await server.written(2)
    t.same(new Set(Object.values(await entries(server))), new Set(['W3SVC1/fr000001', 'W3SVC1/fr000002']))
  })
}
