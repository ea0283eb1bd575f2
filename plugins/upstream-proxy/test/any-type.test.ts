// A body passes whatever its media type is, and without one.
import { METHODS, type IncomingHttpHeaders } from 'node:http'
import t from 'tap'
import { clock, LIMIT } from './clock.ts'
import { answering, ask, proxy, talk, upstream } from './forward-subjects.ts'
import { eventually } from './parts.ts'

for (const [name, type] of [
  ['no type', undefined],
  ['an empty type', ''],
  ['a word for a type', 'nonsense'],
  ['a type without a subtype', 'text/'],
  ['a type with a space in it', 'te xt/plain; charset=utf-8'],
  ['a type of blanks and letters', 'text / plain'],
  ['the type that stands in for these', 'application/x-fastify-arr-any'],
  ['a type that Fastify parses', 'application/json']
] as const) {
  t.test(`a body with ${name} passes`, async t => {
    const url = await upstream(t, (request, response) => {
      let body = ''
      request.on('data', chunk => { body += String(chunk) })
      request.on('end', () => response.end(JSON.stringify({ method: request.method, type: request.headers['content-type'], raw: request.rawHeaders, body })))
    })
    const seen: Array<string | undefined> = []
    const { port } = await proxy(t, { upstream: url }, {}, app => {
      for (const hook of ['onRequest', 'preValidation', 'preHandler'] as const) {
        app.addHook(hook, async (request: { headers: IncomingHttpHeaders }) => { seen.push(request.headers['content-type']) })
      }
    })
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND', ...(METHODS.includes('QUERY') ? ['QUERY'] : [])]) {
      for (const [framing, bytes] of [['Content-Length: 6\r\n', '{ body'], ['Transfer-Encoding: chunked\r\n', '6\r\n{ body\r\n0\r\n\r\n']] as const) {
        const text = await talk(port, `${method} /x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n${type === undefined ? '' : `CONTENT-Type: ${type}\r\n`}${framing}\r\n${bytes}`)
        t.match(text, /^HTTP\/1\.1 200 OK\r\n/, `${method}, ${framing}`)
        const got = JSON.parse(/\{.*\}/.exec(text)![0]) as { raw: string[] }
        t.match(got, { method, body: '{ body' })
        const at = got.raw.indexOf('CONTENT-Type')
        t.equal(at === -1 ? undefined : got.raw[at + 1], type)
      }
    }
    t.ok(seen.every(one => one === type), 'no hook sees another')
  })
}

t.test('a route of the server\'s own is as strict as ever', async t => {
  const { port } = await proxy(t, { upstream: 'http://127.0.0.1:1', prefix: '/app' }, {}, app => app.post('/own', async () => 'own'))
  t.match(await ask(port, { path: '/own', method: 'POST', body: 'x', headers: { 'content-type': 'nonsense' } }), { status: 415 })
})

t.test('server-sent events may be silent in whatever case their type is written', async t => {
  const goOn = clock(t)
  const backend = await answering(t, 'HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\n\r\ndata: 1\n\n')
  const { port, requests } = await proxy(t, { upstream: backend.url, timeouts: { idle: LIMIT } })
  const asking = ask(port)
  await eventually(() => requests[0]?.upstream?.status === 200, 'they begin')
  goOn(LIMIT * 5)
  backend.sockets[0]!.end('data: 2\n\n')
  t.match(await asking, { body: 'data: 1\n\ndata: 2\n\n', complete: true })
})
