// Headers that each attempt has of its own: asked for before each head, in place of all others of their names.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { AttemptHeaders } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { farm } from './farm-subjects.ts'
import { ask, client, handshake, proxy, tcpUpstream, until } from './parts.ts'
import { agreeing, AT_ONCE } from './tunnel-subjects.ts'
import { compile } from '../src/options.ts'

const GET = 'GET / HTTP/1.1\r\nHost: example.com\r\nX-Span: of the client\r\nConnection: close\r\n\r\n'

interface Numbered { readonly attemptHeaders: (request: FastifyRequest) => AttemptHeaders, readonly servers: string[] }

/** Counts the attempts of all requests. */
function numbered (): Numbered {
  const servers: string[] = []
  return {
    servers,
    attemptHeaders: () => ({ replaced: new Set(['x-span']), next: server => ['X-Span', String(servers.push(server))] })
  }
}

/** An upstream that answers, or that closes its connection instead. */
async function answering (t: Test, answers: (count: number) => boolean = () => true): Promise<{ url: string, heads: string[] }> {
  const heads: string[] = []
  const { url } = await tcpUpstream(t, socket => {
    let count = 0
    socket.on('data', data => {
      heads.push(String(data))
      if (answers(++count)) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
      else socket.destroy()
    })
  })
  return { url, heads }
}

const spansIn = (heads: readonly string[]): string[][] => heads.map(head => [...head.matchAll(/^x-span: (.*)\r$/gim)].map(([, value = '']) => value))

t.test('they take the place of those of the client, of a rule and of rewriteRequest', async t => {
  const { url, heads } = await answering(t)
  const own = numbered()
  const { port } = await proxy(t, {
    attemptHeaders: own.attemptHeaders,
    to: () => ({ url: `${url}/`, headers: { 'x-span': 'of a rule' } }),
    rewriteRequest (_request, { out }) { out.headers.push(['x-SPAN', 'of an option']) }
  })
  await ask(t, port, GET)
  t.same(spansIn(heads), [['1']])
  t.same(own.servers, [url])
})

t.test('each attempt has its own: at the servers of a farm', async t => {
  const own = numbered()
  const dead = await answering(t, () => false)
  const { url, heads } = await answering(t)
  const { port } = await proxy(t, { attemptHeaders: own.attemptHeaders, upstream: 'http://chat' }, { before: app => { farm(app, [dead.url, url], { mayTryAgain: () => true }) } })
  t.match(await ask(t, port, GET), 'HTTP/1.1 200 ')
  t.same([spansIn(dead.heads), spansIn(heads)], [[['1']], [['2']]])
  t.same(own.servers, [dead.url, url])
})

t.test('and where a request is sent again, because its kept connection was closed', async t => {
  const own = numbered()
  const { url, heads } = await answering(t, count => count === 1)
  const { port } = await proxy(t, { attemptHeaders: own.attemptHeaders, upstream: url })
  for (let i = 0; i < 2; i++) t.match(await ask(t, port, GET), 'HTTP/1.1 200 ')
  t.same(spansIn(heads), [['1'], ['2'], ['3']])
})

t.test('a handshake has them as well', async t => {
  const own = numbered()
  const upstream = await agreeing(t)
  const { port } = await proxy(t, { attemptHeaders: own.attemptHeaders, upstream: upstream.url, websocket: AT_ONCE })
  const near = client(t, port)
  near.write(handshake('/', 'X-Span: of the client\r\n'))
  t.match(await until(near, text => text.includes('\r\n\r\n')), 'HTTP/1.1 101 ')
  t.same(spansIn(upstream.heads), [['1']])
})

t.test('a fact on the request is read where the option is not given; one that is partial is none', async t => {
  const { url, heads } = await answering(t)
  const facts: unknown[] = [{ replaced: new Set(['x-span']), next: () => ['x-span', 'of a fact'] }, { next: () => ['x-span', 'one'] }, { replaced: new Set(['x-span']) }, null]
  const { port } = await proxy(t, { upstream: url }, { before: app => app.addHook('onRequest', async request => { Object.assign(request, { attemptHeaders: facts.shift() }) }) })
  for (let i = 0; i < 4; i++) await ask(t, port, GET)
  t.same(spansIn(heads), [['of a fact'], ['of the client'], ['of the client'], ['of the client']])
})

t.test('what cannot be a header, frames the message or has another name is not sent', async t => {
  const { url, heads } = await answering(t)
  const given = ['x-span', 'a\r\nX-Evil: 1', 'Host', 'evil.example', 'Content-Length', '7', 'X-Other', '1', 'X-Span', 'fine']
  const { port } = await proxy(t, { upstream: url, attemptHeaders: () => ({ replaced: new Set(['x-span', 'host', 'content-length']), next: () => given }) })
  t.match(await ask(t, port, GET), 'HTTP/1.1 200 ')
  t.same(spansIn(heads), [['fine']])
  t.notMatch(heads[0], /evil|content-length|x-other/i)
  t.equal(heads[0]?.match(/^host:/gim)?.length, 1)
})

t.test('a function that throws costs the headers, not the request', async t => {
  const { url, heads } = await answering(t)
  const { port } = await proxy(t, { upstream: url, attemptHeaders: () => ({ replaced: new Set(['x-span']), next: () => { throw new Error('no') } }) })
  t.match(await ask(t, port, GET), 'HTTP/1.1 200 ')
  t.same(spansIn(heads), [[]])
})

t.test('it must be a function, and holds for farms with options of their own', async t => {
  t.throws(() => compile({ upstream: 'http://a', attemptHeaders: {} as never }), { message: /`attemptHeaders` must be a function/ })
  const { attemptHeaders } = numbered()
  t.equal(compile({ upstream: 'http://a', attemptHeaders, farms: { chat: { maxHeadSize: 1024 } } }).farms.get('chat')?.forward.attemptHeaders, attemptHeaders)
})

t.test('a hook never sees the store of the request that the connection was opened for', async t => {
  const { url } = await answering(t)
  const store = new AsyncLocalStorage<number>()
  const seen: Array<number | undefined> = []
  let count = 0
  const { port } = await proxy(t, { upstream: url }, {
    before: app => {
      app.addHook('onRequest', (_request, _reply, done) => { store.run(++count, done) })
      app.addHook('onSend', async () => { seen.push(store.getStore()) })
    }
  })
  for (let i = 0; i < 2; i++) await ask(t, port, GET)
  t.equal(seen.length, 2)
  t.not(seen[1], 1)
})
