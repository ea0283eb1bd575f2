// What can be done from the page, and what can't be?
import { Writable } from 'node:stream'
import type { FarmServerState } from '@fastify-arr/facts'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { once } from 'node:events'
import { compile } from '../src/options.ts'
import { serve } from '../src/serving/serve.ts'
import { ACTION, ask, type Answer } from './ask.ts'
import { madeUp } from './made-up.ts'

interface Site {
  readonly app: FastifyInstance
  readonly url: string
  readonly logs: Array<Record<string, unknown>>
  readonly act: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Answer & { readonly json: any }>
}

async function site (t: Test, actions: boolean, before: (app: FastifyInstance) => unknown = () => {}): Promise<Site> {
  const logs: Array<Record<string, unknown>> = []
  const app = Fastify({ forceCloseConnections: true, logger: { stream: new Writable({ write (chunk, _encoding, done) { logs.push(JSON.parse(String(chunk))); done() } }) } })
  t.teardown(() => app.close())
  await before(app)
  const views = { ...madeUp, matching: (filter: string) => filter === 'site:none' ? [] : Array.from(app.tunnels ?? [], ({ id }) => id) }
  const places = await serve(app, compile({ listen: { port: 0, host: '127.0.0.1' }, actions }), views)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    app,
    url: places.url as string,
    logs,
    async act (path, body, headers = ACTION) {
      const answer = await ask(`${places.url}${path}`, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) })
      return { ...answer, json: JSON.parse(answer.body) }
    }
  }
}

async function proxied (t: Test, app: FastifyInstance): Promise<void> {
  const upstream = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  t.teardown(() => { upstream.close() })
  await once(upstream, 'listening')
  await app.register(upstreamProxy, { upstream: `http://127.0.0.1:${(upstream.address() as { port: number }).port}`, websocket: true } as object)
}

async function open (app: FastifyInstance): Promise<{ id: string, closed: Promise<[number, string]> }> {
  const known = new Set(Array.from(app.tunnels, ({ id }) => id))
  const socket = new WebSocket(app.listeningOrigin.replace('http', 'ws'))
  const closed = once(socket, 'close').then(([code, reason]) => [code, String(reason)] as [number, string])
  await once(socket, 'open')
  return { id: Array.from(app.tunnels, ({ id }) => id).find(id => !known.has(id)) as string, closed }
}

t.test('WebSockets are closed with a code and a reason, those that are over are told, and the log says who did what', async t => {
  const { app, act, logs } = await site(t, true, async app => { await proxied(t, app) })
  const [first, second] = [await open(app), await open(app)]
  const { status, json } = await act('close', { ids: [first.id, 'gone', second.id], code: 4001, reason: 'Wartung ä' })
  t.equal(status, 200)
  t.same(json, { closed: 2, unknown: ['gone'] })
  t.same(await Promise.all([first.closed, second.closed]), [[4001, 'Wartung ä'], [4001, 'Wartung ä']])
  t.match(logs.find(({ msg }) => msg === 'monitor: WebSockets were closed'), { level: 30, client: '127.0.0.1', action: 'close', code: 4001, reason: 'Wartung ä', closed: 2, unknown: 1 })
})

t.test('those that a filter names are closed', async t => {
  const { app, act, logs } = await site(t, true, async app => { await proxied(t, app) })
  const one = await open(app)
  t.same((await act('close-matching', { filter: 'site:none' })).json, { closed: 0, unknown: [] })
  t.same((await act('close-matching', { filter: '' })).json, { closed: 1, unknown: [] })
  t.same(await one.closed, [1000, ''])
  t.match(logs.filter(({ msg }) => msg === 'monitor: WebSockets were closed').at(-1), { filter: '', closed: 1 })
  t.equal((await act('close-matching', {})).status, 400, 'a filter that is missing does not mean all')
})

const STATES: FarmServerState[] = ['available', 'draining', 'unavailableGracefully', 'unavailableImmediately']

function withFarm (app: FastifyInstance, called: unknown[][]): void {
  const info = { name: 'chat', servers: [{ name: 'one', state: 'available' }, { name: 'two', state: 'draining' }] }
  app.decorate('farms', {
    get: (name: string) => name === 'chat' ? info : undefined,
    farm: (name: string) => ({ info, setState: (...given: unknown[]) => { called.push([name, ...given]) }, rebalance: () => { called.push([name, 'rebalance']); return 7 } })
  } as never)
}

t.test('a server gets each of the four states, and a farm is evened out', async t => {
  const called: unknown[][] = []
  const { act, logs } = await site(t, true, app => { withFarm(app, called) })
  for (const state of STATES) t.equal((await act('farms/state', { farm: 'chat', server: 'two', state })).status, 200, state)
  t.same((await act('farms/rebalance', { farm: 'chat' })).json, { farm: 'chat', tunnels: 7 })
  t.same(called, [...STATES.map(state => ['chat', 'two', state]), ['chat', 'rebalance']])
  t.match(logs.find(({ action, state }) => action === 'farms/state' && state === 'available'), { client: '127.0.0.1', farm: 'chat', server: 'two', before: 'draining' })
  t.match(logs.find(({ action }) => action === 'farms/rebalance'), { farm: 'chat', tunnels: 7 })
  t.match(await act('farms/state', { farm: 'chat', server: 'three', state: 'draining' }), { status: 404, json: { message: 'The farm chat has no server three.' } })
  t.match(await act('farms/rebalance', { farm: 'none' }), { status: 404, json: { message: 'There is no farm none.' } })
  t.match(await act('farms/state', { farm: 'chat', server: 'two', state: 'off' }), { status: 400, json: { message: `\`state\` must be one of ${STATES.join(', ')}.` } })
})

t.test('without farms and without open WebSockets nothing is found', async t => {
  const { act } = await site(t, true)
  t.equal((await act('farms/rebalance', { farm: 'chat' })).status, 404)
  t.same((await act('close', { ids: ['t1'] })).json, { closed: 0, unknown: ['t1'] })
})

t.test('without the option nothing is changed, and the answer names the option; a request may be explained', async t => {
  const called: unknown[][] = []
  const { app, act, logs } = await site(t, false, async app => { withFarm(app, called); await proxied(t, app) })
  const { id } = await open(app)
  for (const [path, body] of [['close', { ids: [id] }], ['close-matching', { filter: '' }], ['farms/state', { farm: 'chat', server: 'two', state: 'draining' }], ['farms/rebalance', { farm: 'chat' }]] as const) {
    t.match(await act(path, body), { status: 403, json: { code: 'FST_ARR_MONITOR_ACTIONS_OFF', message: /`actions`/ } }, path)
  }
  t.equal(app.tunnels.size, 1)
  t.same(called, [])
  t.match(await act('explain', { method: 'GET', url: '/shop?a=1', headers: { 'User-Agent': 'x' } }), { status: 200, json: { url: '/shop?a=1', outcome: { type: 'Rewrite' } } })
  t.notOk(logs.some(({ action }) => action !== undefined))
})

t.test('what a form or a script of another origin can send does nothing', async t => {
  const { app, act } = await site(t, true, async app => { await proxied(t, app) })
  const { id } = await open(app)
  const body = { ids: [id] }
  const json = { 'content-type': 'application/json' }
  t.equal((await act('close', body, json)).status, 403, 'no header')
  t.equal((await act('close', body, { ...json, 'x-fastify-arr-monitor': 'true' })).status, 403)
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=a', 'text/plain; application/json']) {
    t.ok([400, 415].includes((await act('close', body, { 'x-fastify-arr-monitor': '1', 'content-type': type })).status), type)
  }
  t.equal((await act('close', body, { 'x-fastify-arr-monitor': '1' })).status, 415, 'no content type')
  t.equal(app.tunnels.size, 1)
})

t.test('a body that is wrong is told in sentences', async t => {
  const { act } = await site(t, true)
  const sentences: ReadonlyArray<[path: string, body: unknown, status: number, sentence: RegExp]> = [
    ['close', {}, 400, /^`ids` must be a list of at most 1000 names of WebSockets\.$/],
    ['close', { ids: Array.from({ length: 1001 }, () => 'a') }, 400, /`ids` must/],
    ['close', { ids: ['a\n'] }, 400, /`ids` must/],
    ['close', { ids: [], code: 1005, reason: 'ä'.repeat(62) }, 400, /^`code` must be a close code that may be sent.*`reason` must be a text of at most 123 bytes\.$/],
    ...[999, 1004, 1006, 1015, 1016, 2999, 5000, '1000', 1000.5].map(code => ['close', { ids: [], code }, 400, /`code` must/] as [string, unknown, number, RegExp]),
    ['close', { ids: [], all: true }, 400, /`all` is not known; there are ids, code, reason/],
    ['close', [], 400, /must be an object/],
    ['close', 'null', 400, /must be an object/],
    ['close', '{"ids":[', 400, /./],
    ['close', '{"ids":[],"__proto__":{}}', 400, /./],
    ['close', { ids: [], reason: 'x'.repeat(200_000) }, 413, /./],
    ['explain', {}, 400, /`url` must be a path that begins with a slash/],
    ['explain', { url: 'javascript:1' }, 400, /`url` must/],
    ['explain', { url: '/', method: 'G T' }, 400, /`method` must/],
    ['explain', { url: '/', headers: { 'a b': 'x' } }, 400, /`headers` must/],
    ['explain', { url: '/', headers: { a: 'x\r\ny' } }, 400, /`headers` must/]
  ]
  for (const [path, body, status, sentence] of sentences) t.match(await act(path, body), { status, json: { message: sentence } }, JSON.stringify(body).slice(0, 80))
  for (const code of [1000, 1003, 1007, 1014, 3000, 4999]) t.equal((await act('close', { ids: [], code })).status, 200, String(code))
})

t.test('GET changes nothing', async t => {
  const { app, url } = await site(t, true, async app => { await proxied(t, app) })
  const { id } = await open(app)
  for (const path of ['close', `close?ids=${id}`, 'close-matching?filter=', 'farms/state', 'farms/rebalance', 'explain']) t.equal((await ask(url + path, { headers: ACTION })).status, 404, path)
  t.equal(app.tunnels.size, 1)
})
