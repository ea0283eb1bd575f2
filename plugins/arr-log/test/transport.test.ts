import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import fastify, { LogController } from 'fastify'
import { pino } from 'pino'
import t from 'tap'
import { arrLog } from '../src/index.ts'
import transport from '../src/transport.ts'
import { filesIn, rows } from './server.ts'

const TARGET = fileURLToPath(new URL('transport-worker.mjs', import.meta.url))

t.test('the files can be written by a worker thread, from the entries alone', async t => {
  const directory = t.testdir()
  // A pino transport does not keep the process alive; this timer does while the test waits for the worker.
  const alive = setInterval(() => {}, 1000)
  t.teardown(() => clearInterval(alive))
  const destination = pino.transport({ target: TARGET, options: { directory, customFields: ['X-Forwarded-For', 'token'], fields: ['cs-method', 'cs-uri-stem', 'cs(Cookie)', 'sc-status', 'x-request-id'] } })
  await once(destination, 'ready')
  const app = fastify({ logController: new LogController({ disableRequestLogging: true }), logger: { stream: destination } })
  await app.register(arrLog, {
    file: false,
    fields: ['cs(Cookie)'],
    customFields: [
      { logFieldName: 'X-Forwarded-For', sourceType: 'RequestHeader', sourceName: 'X-Forwarded-For' },
      { logFieldName: 'token', sourceType: 'RequestHeader', sourceName: 'Authorization' }
    ]
  })
  app.get('/rejected', async (request, reply) => {
    Object.assign(request, { rejection: { reason: 'Hostname' } })
    return await reply.code(400).send()
  })
  app.get('/*', async () => 'x')
  const headers = { 'x-forwarded-for': '192.0.2.1, 10.0.0.1', cookie: 'secret=1', authorization: 'Bearer secret' }
  for (let i = 0; i < 100; i++) await app.inject({ url: `/${i}`, headers })
  await app.inject('/rejected')
  // Entries of other code under the same names are ignored.
  for (const foreign of [{ rejected: 2 }, { rejected: {} }, { exchange: 'amq.topic' }, { exchange: null }, { exchange: { status: 200, endedAt: 0 } }]) app.log.info(foreign)
  await app.close()
  destination.end()
  await once(destination, 'close')

  const { 'HTTPERR/httperr1.log': httperr, ...sites } = filesIn(directory)
  t.match(rows(httperr!), [{ 's-reason': 'Hostname' }])
  const [path = ''] = Object.keys(sites)
  // Two files, if midnight falls between the lines.
  const text = Object.values(sites).join('')
  t.match(path, /^W3SVC1\/u_ex\d{6}_x\.log$/)
  t.equal(rows(text).length, 100)
  t.match(rows(text)[7], { 'cs-method': 'GET', 'cs-uri-stem': '/7', 'cs(Cookie)': '-', 'sc-status': '200', 'X-Forwarded-For': '192.0.2.1,+10.0.0.1', token: '-' })
})

t.test('all mistakes in its options are reported in one error', async t => {
  await t.rejects(transport({ period: 'yearly' as never, customFields: [1 as never] }), { code: 'FST_ARR_LOG_INVALID_OPTIONS', message: /`period` .*; `customFields/ })
})
