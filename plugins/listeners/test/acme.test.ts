// Certificates from a CA: issued by both challenges, renewed, shared by several processes, and what is refused.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { makeAuthority, makeCertificate } from '../src/certificates/authority.ts'
import type { AcmeOptions } from '../src/index.ts'
import { end, startPebble, withoutPebble, type Pebble } from './pebble.ts'
import { handshake, portOf, start, until, type Test } from './server.ts'

t.setTimeout(240_000)
const skip = withoutPebble

const open = new Map<string, FastifyInstance[]>()

/** A folder that is removed once the servers that use it are closed: they write into it until then. */
function newFolder (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'fastify-arr-acme-'))
  t.teardown(async () => {
    for (const app of open.get(folder) ?? []) await app.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** Listens with certificates of the CA; the CA finds its challenges here. */
async function serve (t: Test, pebble: Pebble, acme: Partial<AcmeOptions> & { folder: string }) {
  const lines: Array<{ msg: string, level: number }> = []
  const stream = new Writable({ write (chunk, _encoding, done) { lines.push(JSON.parse(String(chunk))); done() } })
  const app = await start(t, { certificate: 'acme', acme: { ...pebble.options, ...acme }, watchInterval: 50, listeners: [{ port: 0 }, { port: 0, https: true }] }, { logger: { stream } })
  open.set(acme.folder, [...open.get(acme.folder) ?? [], app])
  pebble.http.to = portOf(app, 'http')
  pebble.tls.to = portOf(app, 'https')
  return { app, lines, port: portOf(app, 'https'), stateOf: (name: string) => app.listeners.acme.find(one => one.name === name) }
}

const nameOf = (socket: TLSSocket): string | undefined => socket.getPeerCertificate().subjectaltname
const serialOf = (socket: TLSSocket): string => socket.getPeerCertificate().serialNumber
const placeOf = (pebble: Pebble, folder: string): string => join(folder, new URL(pebble.options.directory as string).host.replace(':', '_'))

/** A certificate in the folder that was valid since yesterday, and is for so many days. */
async function keepOld (pebble: Pebble, folder: string, name: string, days: number): Promise<void> {
  const place = join(placeOf(pebble, folder), 'certificates')
  mkdirSync(place, { recursive: true })
  const { cert, key } = await makeCertificate(await makeAuthority([name], 'authority of an older CA'), [name], days)
  writeFileSync(join(place, `${name}.pem`), cert + key)
}

for (const challenge of ['http-01', 'tls-alpn-01'] as const) {
  t.test(`a certificate for each name is issued by ${challenge}, and its files are their owner's alone`, { skip }, async t => {
    const folder = newFolder(t)
    const pebble = await startPebble(t, t.testdir())
    const { app, port, stateOf, lines } = await serve(t, pebble, { folder, names: ['one.site.net', 'two.site.net'], challenges: [challenge] })
    await until(() => ['one.site.net', 'two.site.net'].every(name => stateOf(name)?.validTo))
    t.equal(nameOf(await handshake(t, port, 'one.site.net')), 'DNS:one.site.net')
    t.equal(nameOf(await handshake(t, port, 'two.site.net')), 'DNS:two.site.net')
    t.same(app.listeners.certificates.map(({ source }) => source), ['acme', 'acme'])
    t.match(stateOf('one.site.net'), { failures: 0, lastError: null })
    t.equal(lines.filter(({ msg }) => /^The CA has issued a certificate for (one|two)\.site\.net, valid until /.test(msg)).length, 2)
    t.ok((challenge === 'http-01' ? pebble.http : pebble.tls).connections > 0)
    t.equal((challenge === 'http-01' ? pebble.tls : pebble.http).connections, 0)
    const place = placeOf(pebble, folder)
    if (process.platform !== 'win32') {
      for (const file of ['account.pem', 'certificates/one.site.net.pem']) t.equal(statSync(join(place, file)).mode & 0o777, 0o600, file)
      for (const one of ['.', 'certificates', 'challenges']) t.equal(statSync(join(place, one)).mode & 0o777, 0o700, one)
    }
    t.same(readdirSync(join(place, 'challenges')), [], 'the answers are taken away')
    await until(() => !readdirSync(place).includes('lock'))
  })
}

t.test('a certificate is renewed with a third of its life left, under open WebSockets', { skip }, async t => {
  const folder = newFolder(t)
  const pebble = await startPebble(t, t.testdir())
  await keepOld(pebble, folder, 'one.site.net', 60)
  const { app, port, stateOf } = await serve(t, pebble, { folder, names: ['one.site.net'] })
  const sockets = new WebSocketServer({ server: app.server })
  sockets.on('connection', socket => socket.on('message', data => { socket.send(String(data)) }))
  const before = serialOf(await handshake(t, port, 'one.site.net'))
  const client = new WebSocket(`wss://localhost:${port}/`, { rejectUnauthorized: false })
  t.teardown(() => client.terminate())
  await once(client, 'open')
  t.equal(pebble.orders(), 0, 'it is not renewed before')
  // As another process would: it has less than a third of its life left.
  await keepOld(pebble, folder, 'one.site.net', 0.1)
  await until(() => (stateOf('one.site.net')?.validTo?.getTime() ?? 0) > Date.now() + 30 * 86_400_000 && pebble.orders() > 0)
  const after = await handshake(t, port, 'one.site.net')
  t.not(serialOf(after), before)
  t.match(after.getPeerCertificate().issuer.CN, /^Pebble /)
  client.send('still here')
  t.equal(String((await once(client, 'message'))[0]), 'still here')
})

t.test('a refused authorization keeps the old certificate, and is one line with its end and the next try', { skip }, async t => {
  const folder = newFolder(t)
  const pebble = await startPebble(t, t.testdir())
  // Nobody listens there.
  await pebble.point('refused.site.net', '127.0.0.9')
  await keepOld(pebble, folder, 'refused.site.net', 0.1)
  const { port, stateOf, lines } = await serve(t, pebble, { folder, names: ['refused.site.net', 'good.site.net'] })
  await until(() => stateOf('refused.site.net')?.lastError && stateOf('good.site.net')?.validTo)
  const told = lines.filter(({ level }) => level === 40)
  t.equal(told.length, 1)
  t.match(told[0]?.msg, /^No certificate for refused\.site\.net: the CA refused: .*; the old one ends at \d{4}-.*Z; the next try is at \d{4}-.*Z$/)
  t.match(stateOf('refused.site.net'), { failures: 1 })
  t.ok((stateOf('refused.site.net')?.nextTry.getTime() as number) > Date.now() + 10 * 60_000, 'it is left alone for a while')
  t.equal(nameOf(await handshake(t, port, 'refused.site.net')), 'DNS:refused.site.net', 'the old one')
  t.equal(nameOf(await handshake(t, port, 'good.site.net')), 'DNS:good.site.net', 'the others are issued')
  const place = placeOf(pebble, folder)
  await until(() => !readdirSync(place).includes('lock'))
  const orders = pebble.orders()
  const again = await serve(t, pebble, { folder, names: ['refused.site.net', 'good.site.net'] })
  t.match(again.stateOf('refused.site.net'), { failures: 1 }, 'a new process knows of it')
  await again.app.close()
  t.equal(pebble.orders(), orders, 'and does not try at once')
})

t.test('two servers with one folder order once, and both serve the certificate', { skip }, async t => {
  const folder = newFolder(t)
  const pebble = await startPebble(t, t.testdir())
  // The CA asks the second server, whichever of them orders.
  const servers = [await serve(t, pebble, { folder, names: ['one.site.net'] }), await serve(t, pebble, { folder, names: ['one.site.net'] })]
  for (const { stateOf } of servers) await until(() => stateOf('one.site.net')?.validTo)
  const [one, two] = await Promise.all(servers.map(async ({ port }) => serialOf(await handshake(t, port, 'one.site.net'))))
  t.equal(one, two)
  t.equal(pebble.orders(), 1)
})

t.test('where a process is killed in the middle of an order, another begins again', { skip }, async t => {
  const folder = newFolder(t)
  const pebble = await startPebble(t, t.testdir())
  const { resolve: _, ...options } = pebble.options
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(new URL('acme-process.ts', import.meta.url)), JSON.stringify({ ...options, folder, names: ['one.site.net'], challenges: ['http-01'] })], { stdio: ['ignore', 'ignore', 'inherit'] })
  t.teardown(() => end(child))
  // The CA gets no answer.
  await until(() => pebble.http.connections > 0)
  await end(child)
  const place = placeOf(pebble, folder)
  t.ok(readdirSync(place).includes('lock'), 'its lock is there')
  t.equal(readdirSync(join(place, 'challenges')).length, 1, 'and its answer')
  const account = readFileSync(join(place, 'account.pem'), 'utf8')
  const { port, stateOf } = await serve(t, pebble, { folder, names: ['one.site.net'], lockTimeout: 500 })
  await until(() => stateOf('one.site.net')?.validTo)
  t.equal(nameOf(await handshake(t, port, 'one.site.net')), 'DNS:one.site.net')
  t.equal(readFileSync(join(place, 'account.pem'), 'utf8'), account, 'the account is the same')
})

t.test('a handshake for a name that is allowed waits for its certificate; for any other name it goes on as ever', { skip }, async t => {
  const folder = newFolder(t)
  const pebble = await startPebble(t, t.testdir())
  const asked: string[] = []
  const { port, app } = await serve(t, pebble, {
    folder,
    names: ['one.site.net'],
    onDemand: { wait: 120_000 },
    allow: async name => {
      asked.push(name)
      return name === 'customer.site.net'
    }
  })
  await until(() => app.listeners.acme.some(({ validTo }) => validTo !== null))
  const both = await Promise.all([handshake(t, port, 'customer.site.net'), handshake(t, port, 'CUSTOMER.site.net')])
  t.same(both.map(nameOf), ['DNS:customer.site.net', 'DNS:customer.site.net'])
  for (const name of ['stranger.site.net', 'stranger.site.net', 'printer.local', 'single', '']) t.equal(nameOf(await handshake(t, port, name)), 'DNS:customer.site.net', `${name}: the first`)
  t.equal(asked.filter(name => name === 'stranger.site.net').length, 1, 'an answer is remembered')
  t.same([...new Set(asked)].sort(), ['customer.site.net', 'stranger.site.net'], 'nobody is asked about names that no CA issues for')
  t.equal(pebble.orders(), 2)
})

t.test('a name that does not resolve is not asked for, and the tries of an hour are counted', { skip }, async t => {
  const folder = newFolder(t)
  const pebble = await startPebble(t, t.testdir())
  const { stateOf, lines } = await serve(t, pebble, { folder, names: ['nowhere.site.net', 'one.site.net', 'two.site.net'], triesPerHour: 1, resolve: async name => name.startsWith('nowhere') ? [] : ['127.0.0.1'] })
  await until(() => lines.some(({ msg }) => msg.startsWith('No certificate is ordered until ')))
  t.equal(stateOf('nowhere.site.net')?.lastError, 'the name has no address')
  t.ok(stateOf('one.site.net')?.validTo)
  t.equal(stateOf('two.site.net')?.validTo, null)
  t.equal(pebble.orders(), 1)
})
