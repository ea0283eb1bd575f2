// Requests that the proxy refuses are answered in the same form as upstream errors.
import t from 'tap'
import { ask, proxy, talk } from './forward-subjects.ts'

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
const NOWHERE = 'http://127.0.0.1:1'

t.test('a browser gets a short page for a request that is refused, other clients get JSON', async t => {
  const { port } = await proxy(t, { upstream: NOWHERE, prefix: '/app' })
  const page = await ask(port, { path: '/app/%2e%2e/secret', headers: BROWSER })
  t.match(page, { status: 400, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' } })
  t.match(page.body, '<main>\n<h1>400 Bad Request</h1>\n<p>The request target is not valid.</p>')
  const json = await ask(port, { path: '/app/%2e%2e/secret', headers: { accept: '*/*' } })
  t.equal(json.status, 400)
  t.same(JSON.parse(json.body), { statusCode: 400, code: 'FST_ARR_PROXY_BAD_TARGET', error: 'Bad Request', message: 'The request target is not valid' })
})

t.test('so it is for a request without an upstream', async t => {
  const { port } = await proxy(t, {})
  t.match(await ask(port, { headers: BROWSER }), { status: 404, body: '<h1>404 Not Found</h1>' })
})

t.test('headers that were set before stay with the page', async t => {
  const { port } = await proxy(t, {}, {}, app => { app.addHook('onRequest', async (_request, reply) => { reply.header('x-mine', 'yes') }) })
  t.match(await ask(port, { headers: BROWSER }), { status: 404, headers: { 'x-mine': 'yes', 'content-type': 'text/html; charset=utf-8' } })
})

t.test('an error handler of the user\'s own gets these errors, whoever asks', async t => {
  const { port } = await proxy(t, { upstream: NOWHERE, prefix: '/app' }, {}, app => {
    app.setErrorHandler((error: any, _request, reply) => reply.code(418).send(`mine: ${error.code}`))
  })
  t.match(await ask(port, { path: '/app/%2e%2e/secret', headers: BROWSER }), { status: 418, body: 'mine: FST_ARR_PROXY_BAD_TARGET' })
  t.match(await ask(port, { path: '/app/%2e%2e/secret' }), { status: 418, body: 'mine: FST_ARR_PROXY_BAD_TARGET' })
})

t.test('onError hooks see the error once, page or not', async t => {
  const seen: string[] = []
  const { port } = await proxy(t, {}, {}, app => { app.addHook('onError', async (_request, _reply, error) => { seen.push(error.code) }) })
  await ask(port, { headers: BROWSER })
  await ask(port)
  t.same(seen, ['FST_ARR_PROXY_NO_UPSTREAM', 'FST_ARR_PROXY_NO_UPSTREAM'])
})

t.test('an error that is not the proxy\'s stays Fastify\'s to answer', async t => {
  const { port } = await proxy(t, { to: () => { throw Object.assign(new Error('no idea'), { statusCode: 409 }) } })
  const answer = await ask(port, { headers: BROWSER })
  t.match(answer, { status: 409, headers: { 'content-type': 'application/json; charset=utf-8' } })
  t.match(JSON.parse(answer.body), { message: 'no idea' })
})

t.test('a HEAD gets the head alone', async t => {
  const { port } = await proxy(t, {})
  const text = await talk(port, 'HEAD / HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nConnection: close\r\n\r\n')
  t.match(text, /^HTTP\/1\.1 404 Not Found\r\n/)
  t.match(text, /\r\ncontent-type: text\/html/i)
  t.match(text, /\r\n\r\n$/)
})
