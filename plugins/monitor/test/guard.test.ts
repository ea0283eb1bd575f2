// Who may see the page? By raw requests, each with what a browser of an attacker could send.
import { once } from 'node:events'
import { connect } from 'node:net'
import { Writable } from 'node:stream'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { monitor, type MonitorOptions } from '@fastify-arr/monitor'
import { ACTION, ask } from './ask.ts'
import { madeUp } from './made-up.ts'
import { pageSite } from './page-site.ts'

const TOKEN = 'correct-horse-battery-staple'

async function atPath (t: Test, options: Omit<MonitorOptions, 'path'>, more: { logs?: string[], trustProxy?: boolean, before?: (app: FastifyInstance) => void } = {}): Promise<string> {
  const stream = new Writable({ write (chunk, _encoding, done) { more.logs?.push(String(chunk)); done() } })
  const app = Fastify({ forceCloseConnections: true, logger: { stream }, trustProxy: more.trustProxy === true })
  t.teardown(() => app.close())
  more.before?.(app)
  await app.register(monitor, { path: '/monitor', ...options })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app.monitor.url as string
}

t.test('a name that is not in the list is refused, whatever port it has', async t => {
  const url = await pageSite(t, madeUp)
  const { port } = new URL(url)
  for (const host of [`127.0.0.1:${port}`, 'localhost', 'LOCALHOST.:1', '[::1]:80']) t.equal((await ask(url, { headers: { host } })).status, 200, host)
  for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', 'localhost.evil.example', 'localhost@evil.example', '0x7f.1']) {
    for (const path of ['', 'history', 'events?view=now', 'page/app.js', 'nothing']) t.equal((await ask(url + path, { headers: { host } })).status, 403, `${host} ${path}`)
  }
})

t.test('a request without a Host is refused', async t => {
  const url = new URL(await pageSite(t, madeUp))
  for (const head of ['GET / HTTP/1.0\r\n\r\n', 'GET / HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n']) {
    const socket = connect(Number(url.port), '127.0.0.1')
    socket.write(head)
    let text = ''
    socket.setEncoding('utf8').on('data', part => { text += part })
    await once(socket, 'close')
    t.match(text, /^HTTP\/1\.1 403 /)
  }
})

t.test('behind a trusted proxy the forwarded name is checked as well, and does not stand for the Host', async t => {
  const url = await atPath(t, { authorize: () => true, hosts: ['localhost', 'status.example'] }, { trustProxy: true })
  t.equal((await ask(url, { headers: { host: 'localhost', 'x-forwarded-host': 'status.example' } })).status, 200)
  t.equal((await ask(url, { headers: { host: 'evil.example', 'x-forwarded-host': 'localhost' } })).status, 403, 'a rebound page may set the header')
  t.equal((await ask(url, { headers: { host: 'localhost', 'x-forwarded-host': 'evil.example' } })).status, 403)
  const acts = { method: 'POST', body: '{"url":"/"}' }
  t.equal((await ask(`${url}explain`, { ...acts, headers: { ...ACTION, host: 'localhost', 'x-forwarded-host': 'status.example', origin: 'https://status.example' } })).status, 404, 'nobody can explain here')
  t.equal((await ask(`${url}explain`, { ...acts, headers: { ...ACTION, host: 'localhost', 'x-forwarded-host': 'status.example', origin: 'https://other.example' } })).status, 403)
})

t.test('a page of another origin may neither ask nor act', async t => {
  const url = await pageSite(t, madeUp)
  const { host, port } = new URL(url)
  for (const origin of [`http://${host}`, `HTTP://${host}`]) t.equal((await ask(url, { headers: { host, origin } })).status, 200, origin)
  for (const origin of ['http://evil.example', 'null', `http://localhost:${port}`, 'http://127.0.0.1', 'http://127.0.0.1:1', `http://evil@${host}`, `file://${host}`, `http://${host}/`, `http://${host}, http://evil.example`]) {
    t.equal((await ask(url, { headers: { host, origin } })).status, 403, origin)
    t.equal((await ask(`${url}close`, { method: 'POST', headers: { ...ACTION, host, origin }, body: '{"ids":[]}' })).status, 403, `${origin} acts`)
  }
  for (const site of ['same-origin', 'none']) t.equal((await ask(url, { headers: { host, 'sec-fetch-site': site } })).status, 200, site)
  for (const site of ['cross-site', 'same-site', '']) t.equal((await ask(url, { headers: { host, 'sec-fetch-site': site } })).status, 403, site)
})

t.test('headers of other origins that the server gives to everybody are not given here', async t => {
  const cors = { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' }
  const url = await atPath(t, { authorize: () => true }, { before: app => { app.addHook('onRequest', async (_request, reply) => { reply.headers(cors) }) } })
  const { headers } = await ask(url)
  t.match(headers, { 'cross-origin-resource-policy': 'same-origin', 'access-control-allow-origin': undefined, 'access-control-allow-credentials': undefined })
})

t.test('the token opens the page once, and then the browser has a cookie that is not the token', async t => {
  const url = await atPath(t, { token: TOKEN })
  const { status, headers, body } = await ask(url, { headers: { accept: 'text/html' } })
  t.equal(status, 401)
  t.match(headers['content-type'], 'text/html')
  t.match(body, '?token=')
  t.notMatch(body, /<form|<script|<style/)
  const first = await ask(`${url}?token=${TOKEN}&a=1`)
  t.equal(first.status, 303)
  t.equal(first.headers.location, './?a=1')
  t.match(first.headers, { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
  const [set = ''] = first.headers['set-cookie'] ?? []
  t.match(set, /; HttpOnly; SameSite=Strict$/)
  t.notMatch(set, TOKEN)
  const cookie = set.split(';', 1)[0] as string
  t.equal((await ask(url, { headers: { cookie } })).status, 200)
  t.equal((await ask(url, { headers: { cookie: `other=1; ${cookie}; more=2` } })).status, 200)
  t.equal((await ask(`${url}?token=${TOKEN}`, { headers: { cookie } })).headers.location, './', 'the token leaves the address, known or not')
  for (const forged of [`${cookie}x`, cookie.slice(0, -1), cookie.replace(/=.*/, `=${TOKEN}`), cookie.replace(/=.*/, '='), 'fastify-arr-monitor=1']) t.equal((await ask(url, { headers: { cookie: forged } })).status, 401, forged)
  const again = await atPath(t, { token: TOKEN })
  t.equal((await ask(again, { headers: { cookie } })).status, 200, 'a server that has started again knows it')
  t.equal((await ask(await atPath(t, { token: `${TOKEN}2` }), { headers: { cookie } })).status, 401, 'one with another token does not')
})

t.test('over https the cookie is for https only', async t => {
  const url = await atPath(t, { token: TOKEN }, { trustProxy: true })
  const { headers } = await ask(`${url}?token=${TOKEN}`, { headers: { 'x-forwarded-proto': 'https' } })
  t.match(headers['set-cookie']?.[0], /; Secure/)
})

t.test('programs send the token as Bearer, and only there and at the page itself it is one', async t => {
  const url = await atPath(t, { token: TOKEN })
  for (const authorization of [`Bearer ${TOKEN}`, `bearer  ${TOKEN}`]) t.equal((await ask(`${url}history`, { headers: { authorization } })).status, 200, authorization)
  for (const authorization of [`Basic ${TOKEN}`, TOKEN, `Bearer ${TOKEN}x`, 'Bearer']) t.equal((await ask(`${url}history`, { headers: { authorization } })).status, 401, authorization)
  t.equal((await ask(`${url}history?token=${TOKEN}`)).status, 401)
  t.equal((await ask(`${url}events?view=now`)).status, 401)
  t.equal((await ask(`${url}close`, { method: 'POST', headers: ACTION, body: '{"ids":[]}' })).status, 401)
  t.equal((await ask(`${url}?token=${TOKEN}`, { method: 'POST' })).status, 401)
})

t.test('an address may try a few tokens a second; the first wrong one is logged, without what was tried', async t => {
  const logs: string[] = []
  const url = await atPath(t, { token: TOKEN }, { logs })
  const statuses: number[] = []
  for (let n = 0; n < 20; n++) statuses.push((await ask(`${url}?token=guess-number-${n}`)).status)
  t.equal(statuses[0], 401)
  t.equal(statuses.at(-1), 429)
  const late = await ask(`${url}?token=${TOKEN}`)
  t.equal(late.status, 429, 'a right one can not be found out either')
  t.ok(Number(late.headers['retry-after']) > 0)
  t.equal(logs.filter(line => line.includes('a wrong token was tried')).length, 1)
  t.notMatch(logs.join(''), /guess-number|correct-horse/, 'no token is in the log of the server')
})

t.test('a function of the user decides for each request; one that fails says no', async t => {
  let says: () => unknown = () => true
  const url = await atPath(t, { authorize: () => says() as boolean })
  t.equal((await ask(url)).status, 200)
  for (const no of [() => false, () => 'yes', () => 1, () => undefined, async () => false, () => { throw new Error('broken') }, async () => { throw new Error('broken') }]) {
    says = no
    const { status, body } = await ask(url)
    t.equal(status, 403, String(no))
    t.notMatch(body, 'broken')
  }
  const both = await atPath(t, { token: TOKEN, authorize: ({ headers }) => headers['x-user'] === 'ann' })
  t.equal((await ask(both, { headers: { 'x-user': 'ann' } })).status, 401)
  t.equal((await ask(both, { headers: { authorization: `Bearer ${TOKEN}` } })).status, 403)
  t.equal((await ask(both, { headers: { authorization: `Bearer ${TOKEN}`, 'x-user': 'ann' } })).status, 200)
})

t.test('everything has the headers of the page, refusals and errors as well', async t => {
  const url = await pageSite(t, madeUp)
  for (const [path, headers] of [['', {}], ['page/app.js', {}], ['history', {}], ['nothing', {}], ['', { host: 'evil.example' }], ['story', {}]] as const) {
    const answer = await ask(url + path, { headers })
    t.match(answer.headers, {
      'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': answer.status === 200 && path !== 'history' ? 'private, no-cache' : 'no-store'
    }, `${path} ${JSON.stringify(headers)}`)
  }
})
