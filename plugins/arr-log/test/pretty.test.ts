import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { prettyFactory } from 'pino-pretty'
import { painted, plain } from '../src/reader/show/colour.ts'
import { duration, readable, type ShownExchange } from '../src/reader/show/readable.ts'
import { compileW3c } from '../src/format/w3c.ts'
import { lineOf } from '../src/reader/columns.ts'
import pretty, { prettyOptions } from '../src/pretty.ts'

const AT = new Date(2022, 8, 30, 20, 53, 35).getTime()
const page: ShownExchange = { endedAt: AT, status: 200, substatus: 0, win32Status: 0, method: 'GET', host: 'reverseproxy.com', path: '/', query: 'a=1', timeTaken: 22 }
const entry = (exchange: Partial<ShownExchange>) => ({ level: 30, time: AT, pid: 1, hostname: 'h', reqId: 'req-1', exchange: { ...page, ...exchange }, msg: 'the W3C line' })
const webSocket = { http: '1.1', messagesReceived: 3, messagesSent: 12, closeCode: 1001, closeReason: 'tab closed', closedBy: 'client', ending: 'end' } as const

t.test('an exchange is one readable line', async t => {
  t.equal(readable(page, plain), '20:53:35  200  GET   reverseproxy.com/?a=1  22 ms')
  t.equal(readable({ ...page, status: 502, substatus: 3, win32Status: 12029, upstream: { server: 'http://localhost:8080', error: { code: '', moment: '', side: '', systemCode: '' } } }, plain),
    '20:53:35  502  GET   reverseproxy.com/?a=1  22 ms  502.3 upstream refused (http://localhost:8080)')
  t.equal(readable({ ...page, status: 499, win32Status: 64 }, plain), '20:53:35  499  GET   reverseproxy.com/?a=1  22 ms  client left')
  t.equal(readable({ endedAt: AT, status: 404, substatus: 8, refused: { reason: 'hiddenSegments', detail: 'b\u001b[31min' }, method: 'GET', path: '/' }, plain), '20:53:35  404  GET   /  refused: hiddenSegments (b+[31min) 404.8')
  t.equal(readable({ endedAt: AT, status: 444, win32Status: 1236, refused: { reason: 'ipSecurity', detail: null }, method: 'GET', path: '/' }, plain), '20:53:35  444  GET   /  refused: ipSecurity cut by the server')
  t.equal(readable({ endedAt: AT, status: 400, rejection: 'Hostname', method: 'GET', path: '/' }, plain), '20:53:35  400  GET   /  turned away: Hostname')
})

t.test("a WebSocket's line has its duration, its messages each way and its close", async t => {
  t.equal(readable({ ...page, status: 101, win32Status: 64, timeTaken: 5808, websocket: webSocket }, plain),
    '20:53:35  101  GET   reverseproxy.com/?a=1  5.8 s  3 in, 12 out closed 1001 (tab+closed) by client')
  t.equal(readable({ ...page, status: 101, win32Status: 12030, timeTaken: 7_500_000, websocket: { ...webSocket, closeCode: null, closeReason: null, closedBy: 'upstream' } }, plain),
    '20:53:35  101  GET   reverseproxy.com/?a=1  2 h 5 min  3 in, 12 out ended without a close by upstream  upstream broke off')
  t.equal(readable({ ...page, status: 101 }, plain), '20:53:35  101  GET   reverseproxy.com/?a=1  22 ms', 'a line of a file knows less')
})

t.test('the limit that the proxy ended a WebSocket for is told in words, and is not laid to the upstream or the client', async t => {
  const shown = (limit: string | null, win32Status: number, more = {}) =>
    readable({ ...page, status: 101, win32Status, websocket: { ...webSocket, closeReason: null, closedBy: 'proxy', ending: 'timeout', limit, ...more } }, plain).split('22 ms  ')[1]
  const closed = '3 in, 12 out closed 1001 by proxy'
  for (const [limit, win32, words] of [
    ['idle', 121, 'nothing passed for too long (idle limit)'],
    ['age', 1236, 'it was open for too long (age limit)'],
    ['until', 1236, 'its permission expired (until)'],
    ['ping', 121, 'a ping was not answered in time (ping limit)'],
    ['halfClose', 121, 'one side had ended, the other did not follow (half-close limit)'],
    ['send', 121, 'a side did not read what was sent (send limit)'],
    ['messageSize', 0, 'a message was too large (message size limit)'],
    ['messageRate', 1236, 'too many messages came (message rate limit)'],
    ['byteRate', 1236, 'too many bytes came (byte rate limit)'],
    ['new\x1b[2J', 1236, 'new+[2J']
  ] as const) t.equal(shown(limit, win32), `${closed}  the proxy ended it: ${words}`)
  t.equal(shown(null, 121), `${closed}  the proxy ended it: a time limit`)
  t.equal(shown(null, 995, { ending: 'drain' }), `${closed}  server shut down`)
  t.equal(shown(null, 1236, { closeCode: null, ending: 'end' }), '3 in, 12 out ended without a close by proxy  cut by the server')
  t.equal(shown(null, 64, { closeCode: null, closedBy: 'client', ending: 'reset' }), '3 in, 12 out reset without a close by client')
  for (const [ending, word] of [['end', 'ended'], ['reset', 'reset']]) t.equal(shown(null, 64, { http: '2', closeCode: null, closedBy: 'client', ending }), `3 in, 12 out ${word} without a close by client (over HTTP/2 a closed tab sends none)`)
  t.equal(shown(null, 64, { http: '2', closedBy: 'client', ending: 'end' }), '3 in, 12 out closed 1001 by client')
  t.equal(shown(null, 64, { closedBy: 'client', ending: 'reset' }), '3 in, 12 out closed 1001 by client, then reset')
})

t.test('the limit is a column of a W3C line, and the reader shows it', async t => {
  const format = compileW3c({ fields: ['date', 'time', 'sc-status', 'sc-win32-status', 'x-ws-closed-by', 'x-ws-limit'], custom: [], software: 'x' })
  const text = format.line({ ...page, status: 101, win32Status: 121, websocket: { ...webSocket, closedBy: 'proxy', limit: 'ping' } } as never)
  t.match(text, / 101 121 proxy ping\r?\n?$/)
  const read = lineOf(['date', 'time', 'sc-status', 'sc-win32-status', 'x-ws-closed-by', 'x-ws-limit'], text.trim().split(' '), AT, 101)
  t.equal(read.websocket?.limit, 'ping')
  t.match(readable(read, plain), 'the proxy ended it: a ping was not answered in time (ping limit)')
})

t.test('statuses differ in colour', async t => {
  const colours = [101, 200, 304, 404, 502].map(status => readable({ endedAt: AT, status }, painted).match(new RegExp(`((?:\\x1b\\[\\d+m)+)${status}`))![1])
  t.strictSame(colours, ['\x1b[1m\x1b[35m', '\x1b[32m', '\x1b[36m', '\x1b[33m', '\x1b[31m'])
})

t.test('durations are shown in readable units', async t => {
  t.strictSame([0, 999, 1_000, 59_949, 59_950, 200_000, 7_500_000].map(duration), ['0 ms', '999 ms', '1.0 s', '59.9 s', '1 min 0 s', '3 min 20 s', '2 h 5 min'])
})

t.test('no value of a request reaches the terminal as a control sequence', async t => {
  const line = readable({ ...page, host: '\x9b31m', path: '/\x1b[2J', websocket: { ...webSocket, closeReason: '\x1b]0;owned\x07' } }, plain)
  // eslint-disable-next-line no-control-regex
  t.notMatch(line, /[\x00-\x1f\x7f-\x9f]/)
})

t.test('pino-pretty shows exchanges as readable lines and all other entries in its own format', async t => {
  const show = prettyFactory({ ...prettyOptions(), colorize: false })
  t.equal(show(entry({})), '20:53:35  200  GET   reverseproxy.com/?a=1  22 ms\n')
  t.equal(show({ level: 40, time: AT, pid: 1, hostname: 'h', msg: 'something\x1b[2J else\x9b\u202e\u200b', key: 'value' }), '20:53:35 WARN: something[2J else\n    key: "value"\n')
  t.equal(show(entry({ status: 404 })), '20:53:35  404  GET   reverseproxy.com/?a=1  22 ms\n')
  t.equal(show({ level: 30, time: AT, rejected: { at: AT, status: 400, reason: 'BadRequest', method: null, uri: null }, msg: '' }), '20:53:35  400  -     turned away: BadRequest\n')
  const own = prettyFactory({ ...prettyOptions({ messageFormat: () => 'mine', ignore: 'key' }), colorize: false })
  t.equal(own({ level: 30, time: AT, msg: 'x', key: 'value' }), '20:53:35 INFO: mine\n')
})

t.test('entries of other code with a property exchange or rejected are shown in the format of pino-pretty', async t => {
  const show = prettyFactory({ ...prettyOptions(), colorize: false })
  t.equal(show({ level: 30, time: AT, msg: 'a batch', accepted: 3, rejected: 2 }), '20:53:35 INFO: a batch\n    accepted: 3\n')
  t.equal(show({ level: 30, time: AT, msg: 'published', exchange: 'amq.topic' }), '20:53:35 INFO: published\n')
})

t.test('it is a stream that a logger can write to', async t => {
  const destination = new PassThrough()
  const stream = pretty({ destination, colorize: true, sync: true })
  stream.end(JSON.stringify(entry({})) + '\n')
  const [chunk] = await once(destination, 'data')
  // eslint-disable-next-line no-control-regex
  t.match(String(chunk), /\x1b\[0m.*\x1b\[32m200\x1b\[0m/)
})

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
t.test('pino-pretty accepts the configuration file', { skip: !existsSync(join(root, 'dist/pretty.js')) && 'not built' }, async t => {
  const bin = join(dirname(createRequire(import.meta.url).resolve('pino-pretty/package.json')), 'bin.js')
  const out = execFileSync(process.execPath, ['--no-warnings', bin, '--no-colorize', '--config', join(root, 'pino-pretty.config.cjs')], { input: JSON.stringify(entry({})) + '\n', encoding: 'utf8' })
  t.equal(out, '20:53:35  200  GET   reverseproxy.com/?a=1  22 ms\n')
})
