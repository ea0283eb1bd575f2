// Where the traces go: their numbers, their files, how many, and what a disk does that fails.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHANNELS, type TraceWritten } from '@fastify-arr/facts'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { Queue } from '../src/folder/queue.ts'
import { messagesOf, serve } from './serving.ts'

const routes = (app: FastifyInstance) => { app.get('/*', async () => 'ok') }
const get = async (port: number) => { await (await fetch(`http://127.0.0.1:${port}/`)).text() }

t.test('a trace is three files with one number, readable for the group alone, and told on a channel', async t => {
  const messages = messagesOf(t)
  const server = await serve(t, { rules: [{}] }, routes)
  await get(server.port)
  await server.written(1)
  const folder = join(server.directory, 'W3SVC1')
  t.same(readdirSync(folder).sort(), ['fr000001.har', 'fr000001.html', 'fr000001.xml'])
  if (process.platform !== 'win32') t.equal(statSync(join(folder, 'fr000001.xml')).mode & 0o777, 0o640 & ~process.umask())
  t.match(messages, [{ trace: { id: 'fr000001', file: 'W3SVC1/fr000001' }, request: { url: '/' } }])
  t.same(messages[0]!.files.toSorted(), readdirSync(folder).sort().map(name => join(folder, name)))
})

t.test('the formats say which files there are beside the XML', async t => {
  const server = await serve(t, { rules: [{}], formats: ['har', 'har'] }, routes)
  await get(server.port)
  await server.written(1)
  t.same(readdirSync(join(server.directory, 'W3SVC1')).sort(), ['fr000001.har', 'fr000001.xml'])
})

t.test('after a restart the numbers go on, and the oldest traces are deleted, all their files', async t => {
  const directory = t.testdir()
  const folder = join(directory, 'W3SVC1')
  mkdirSync(folder)
  for (const name of ['fr000007.xml', 'fr000007.html', 'fr000009.xml', 'fr000008.har', 'freb.xsl', 'notes.txt', 'fr1.xml', 'fr000010.xml.tmp']) writeFileSync(join(folder, name), 'x')
  const server = await serve(t, { directory, rules: [{}], maxLogFiles: 2, formats: [] }, routes)
  await get(server.port)
  await get(server.port)
  const traces = await server.written(2)
  t.same(traces.map(({ id }) => id), ['fr000011', 'fr000010'])
  await server.app.close()
  // The half of a file that a killed process has left is replaced.
  t.same(readdirSync(folder).sort(), ['fr000010.xml', 'fr000011.xml', 'fr1.xml', 'freb.xsl', 'notes.txt'])
})

t.test('what is kept at hand is bounded, and the newest come first', async t => {
  const server = await serve(t, { directory: null, rules: [{}], keep: 2 }, routes)
  for (let i = 0; i < 4; i++) await get(server.port)
  await server.written(4)
  t.same([...server.app.traces].map(({ id }) => id), ['fr000004', 'fr000003'])
  t.equal(server.app.traces.size, 2)
  t.equal(server.app.traces.get('fr000001'), undefined)
})

t.test('a directory that cannot be written costs one warning and no request, and all is well when it can', { skip: process.platform === 'win32' || process.getuid?.() === 0 ? 'root may write everywhere' : false }, async t => {
  const directory = t.testdir()
  chmodSync(directory, 0o500)
  const server = await serve(t, { directory, rules: [{}] }, routes)
  for (let i = 0; i < 3; i++) await get(server.port)
  while (server.app.traces.lost < 3) await new Promise(resolve => { setImmediate(resolve) })
  t.equal(server.app.traces.size, 3)
  t.equal(server.lines.filter(({ level }) => level === 40).length, 1)
  chmodSync(directory, 0o700)
  await get(server.port)
  await server.written(1)
  t.match(server.lines.at(-1), { msg: 'request-trace: traces can be written again' })
})

t.test('a directory that is a file costs one warning and no request', async t => {
  const directory = join(t.testdir({ file: 'x' }), 'file')
  const server = await serve(t, { directory, rules: [{}] }, routes)
  for (let i = 0; i < 3; i++) await get(server.port)
  while (server.app.traces.lost < 3) await new Promise(resolve => { setImmediate(resolve) })
  t.equal(server.app.traces.written, 0)
  t.equal(server.app.traces.size, 3, 'they are at hand all the same')
  t.equal(server.lines.filter(({ level }) => level === 40).length, 1)
})

t.test('closing writes what waits', async t => {
  const server = await serve(t, { rules: [{}], formats: [] }, routes)
  for (let i = 0; i < 30; i++) await get(server.port)
  await server.app.close()
  t.equal(server.app.traces.written, 30)
  t.equal(readdirSync(join(server.directory, 'W3SVC1')).length, 30)
})

t.test('of more traces than are written, those beyond are counted, warned of once, and no request names them', async t => {
  const named: unknown[] = []
  const server = await serve(t, { directory: null, rules: [{}] }, app => {
    routes(app)
    app.addHook('onRequest', async (request, reply) => { reply.raw.on('close', () => { if (request.trace !== null) named.push(request.trace.id) }) })
  })
  // Together, so that the line is not done with any of them.
  for (let i = 0; i < 4; i++) await Promise.all(Array.from({ length: 50 }, async () => await get(server.port)))
  const { traces } = server.app
  t.ok(traces.lost > 0)
  t.equal(named.length + traces.lost, 200)
  t.equal(server.lines.filter(({ level }) => level === 40).length, 1)
  await server.app.close()
  t.equal(traces.written + traces.lost, 200)
})

t.test('ten jobs begin in a second, the others wait', async t => {
  const queue = new Queue(() => {})
  const begun: number[] = []
  for (let i = 0; i < 12; i++) {
    t.ok(queue.reserve())
    queue.put(async () => { begun.push(performance.now()) })
  }
  while (begun.length < 12) await new Promise(resolve => { setTimeout(resolve, 5) })
  t.ok(begun[10]! - begun[0]! >= 990, 'the eleventh a second after the first')
  t.equal(await queue.close(1_000), 0)
})

t.test('a place in the line that is given back is free again', async t => {
  const queue = new Queue(() => {})
  let taken = 0
  while (queue.reserve()) taken++
  t.equal(taken, 100)
  queue.unreserve()
  t.ok(queue.reserve())
  t.notOk(queue.reserve())
})

t.test('closing does not wait for a write that never ends', async t => {
  const queue = new Queue(() => {})
  queue.reserve()
  queue.put(() => new Promise(() => {}))
  queue.reserve()
  queue.put(async () => {})
  t.equal(await queue.close(20), 1, 'one was left')
})

t.test('the files are whole when the channel tells of them', async t => {
  let texts: string[] = []
  const listener = (message: unknown) => { texts = (message as TraceWritten).files.map(file => readFileSync(file, 'utf8')) }
  subscribe(CHANNELS.traceWritten, listener)
  t.teardown(() => { unsubscribe(CHANNELS.traceWritten, listener) })
  const server = await serve(t, { rules: [{}] }, routes)
  await get(server.port)
  await server.written(1)
  t.equal(texts.length, 3)
  for (const text of texts) t.match(text, /127\.0\.0\.1/)
  t.notOk(readdirSync(join(server.directory, 'W3SVC1')).some(name => name.endsWith('.tmp')))
  t.ok(existsSync(server.directory))
})
