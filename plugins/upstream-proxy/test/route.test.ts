// What `to` may return, and what happens to a request where it returns something else.
import { Writable } from 'node:stream'
import t from 'tap'
import { ask, proxy, upstream } from './forward-subjects.ts'
import { ask as askRaw, handshake } from './parts.ts'

for (const [name, given] of [
  ['a promise', async () => 'http://127.0.0.1:1'],
  ['a promise that fails', async () => { throw new Error('no') }],
  ['a number', () => 8080],
  ['true', () => true],
  ['a function', () => () => 'http://127.0.0.1:1'],
  ['a URL object', () => new URL('http://127.0.0.1:1')],
  ['headers without a url', () => ({ headers: { 'x-rule': 'yes' } })],
  ['a url that is no string', () => ({ url: 8080 })],
  ['a list', () => ['http://127.0.0.1:1']]
] as const) {
  t.test(`a \`to\` that gives ${name} is a 500 that the log tells of, and \`upstream\` is not asked`, async t => {
    let asked = 0
    const url = await upstream(t, (_, response) => { asked++; response.end() })
    const lines: string[] = []
    const stream = new Writable({ write (line, _encoding, done) { lines.push(String(line)); done() } })
    const { port, requests } = await proxy(t, { upstream: url, to: given as never }, { logger: { level: 'error', stream } })
    const answer = await ask(port)
    t.match(answer, { status: 500 })
    t.match(JSON.parse(answer.body), { code: 'FST_ARR_PROXY_BAD_ROUTE' })
    t.notMatch(answer.body, /`to`/, 'nothing of the configuration is told')
    t.match(await askRaw(t, port, handshake()), /^HTTP\/1\.1 500 /)
    t.equal(asked, 0)
    t.same(requests.map(request => request.upstream), [null, null])
    t.equal(lines.filter(line => line.includes('`to` must give')).length, 2)
  })
}

t.test('a `to` that gives nothing leaves it to `upstream`', async t => {
  const url = await upstream(t, (request, response) => response.end(request.url))
  for (const nothing of [null, undefined]) {
    const { port } = await proxy(t, { upstream: `${url}/base`, to: () => nothing })
    t.match(await ask(port, { path: '/x' }), { status: 200, body: '/base/x' })
  }
})
