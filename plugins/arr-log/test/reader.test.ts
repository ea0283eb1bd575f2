import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import files from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { FIELD_NAMES } from '../src/format/fields.ts'
import type { Line } from '../src/reader/columns.ts'
import { compileFilter, type FilterOptions } from '../src/reader/questions/filter.ts'
import { Summing, showSummary } from '../src/reader/questions/summary.ts'
import { namedValues } from '../src/reader/questions/values.ts'
import { LineRow } from '../src/reader/rows/line-row.ts'
import { Rows } from '../src/reader/rows/rows.ts'
import { createFollower } from '../src/reader/sources/follower.ts'

const CLI = fileURLToPath(new URL('../src/reader/cli.ts', import.meta.url))
const ARTICLE = '#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken'
const PAGE = '2022-09-30 20:53:35 127.0.0.1 GET / X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=ad279eb5-5553-4609-8c40-4f529aee77f7&SERVER-STATUS=200 443 - 127.0.0.1 HTTP/2 Mozilla/5.0+(Windows+NT+10.0) - 200 0 0 22'
const SOCKET = '2022-09-30 20:53:41 127.0.0.1 GET /chat room=1&X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=a3614585-e908-40f2-9435-e3c23a2a6e31&SERVER-STATUS=101 443 - 127.0.0.1 HTTP/1.1 Mozilla/5.0+(Windows+NT+10.0) - 101 0 64 5808'
// A file of a real IIS whose columns change in the middle.
const IIS = [
  '#Software: Microsoft Internet Information Services 10.0',
  '#Version: 1.0',
  '#Date: 2026-05-28 10:25:40',
  '#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken',
  '2026-05-28 10:25:40 192.0.2.6 GET /app/api/summary X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=170f3117-2318-4179-b333-a8d692e18056 80 - 198.51.100.32 Mozilla/5.0+(X11) http://192.0.2.6/app/ 502 3 12029 1617 330 1022',
  '#Software: Microsoft Internet Information Services 10.0',
  '#Fields: time date sc-status X-Mine cs-host time-taken',
  '10:25:41 2026-05-28 404 my+value intranet:8080 3',
  'half a line',
  ''
].join('\r\n')

// As HTTP.sys and this package write it.
const HTTPERR = [
  '#Software: Microsoft HTTP API 2.0',
  '#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename',
  '2026-01-05 08:00:00 198.51.100.9 1045 192.0.2.1 80 HTTP/1.1 GET /admin?x=1 400 - Hostname -'
].join('\r\n')

async function run (t: Test, args: string[], input = '', env: Record<string, string> = {}): Promise<{ out: string, err: string, code: number }> {
  const child = spawn(process.execPath, ['--import=tsx', '--conditions=@fastify-arr/source', CLI, ...args], { env: { ...process.env, TZ: 'UTC', NO_COLOR: '', FORCE_COLOR: '', ...env } })
  t.teardown(() => child.kill())
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', chunk => { out += chunk })
  child.stderr.setEncoding('utf8').on('data', chunk => { err += chunk })
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  return { out, err, code }
}

/** The lines of a text, and how many could not be read. */
function read (...texts: string[]): { lines: Line[], unread: number } {
  const lines: Line[] = []
  const rows = new Rows(row => { lines.push(row.whole()) })
  rows.feed(Buffer.from(texts.join('\n')))
  rows.end()
  return { lines, unread: rows.unread.count }
}

t.test("the article's lines are read, ARR's parameters apart from the query", async t => {
  const { lines: [page, socket], unread } = read(ARTICLE, PAGE, SOCKET)
  t.match(page, { endedAt: Date.UTC(2022, 8, 30, 20, 53, 35), status: 200, path: '/', query: null, timeTaken: 22, version: 'HTTP/2', username: null, upstream: { cacheHit: false, logId: 'ad279eb5-5553-4609-8c40-4f529aee77f7', status: 200 } })
  t.match(socket, { status: 101, query: 'room=1', win32Status: 64, websocket: {} })
  t.equal(unread, 0)
})

t.test('columns have any order, and change at any line', async t => {
  const { lines, unread } = read(IIS)
  t.match(lines, [{ status: 502, bytesSent: 1617, upstream: { status: null } }, { status: 404, host: 'intranet:8080', timeTaken: 3, custom: { 'X-Mine': 'my+value' }, endedAt: Date.UTC(2026, 4, 28, 10, 25, 41) }])
  t.equal(unread, 1)
})

t.test('the reader knows every column that the package writes', async t => {
  const { lines: [line] } = read(`#Fields: ${FIELD_NAMES.join(' ')}`, FIELD_NAMES.map(name => name === 'date' ? '2022-09-30' : name === 'time' ? '20:53:35' : name === 'sc-status' ? '101' : '7').join(' '))
  t.strictSame(line?.custom, { 's-computername': '7', 'cs(Cookie)': '7' }, 'those without a name of their own')
  t.match(line?.websocket, { closeCode: 7, closeReason: '7', messagesSent: 7 })
  t.match(line?.upstream, { server: '7', connectTime: 7, firstByteTime: 7, error: { code: '7', moment: '7', side: '7' } })
})

t.test('JSON lines are read: this package\'s, and a pino log with its entries in it', async t => {
  const { lines, unread } = read('{"time":"2022-09-30T20:53:35.000Z","status":200,"timeTaken":3,"path":"/"}',
    '{"level":30,"time":1,"exchange":{"endedAt":5,"status":101,"timeTaken":3},"msg":""}', '{"level":30,"time":1,"msg":"Server listening"}', '{"level":30,')
  t.match(lines, [{ endedAt: Date.UTC(2022, 8, 30, 20, 53, 35), status: 200, path: '/' }, { endedAt: 5, status: 101 }])
  t.equal(lines.length, 2)
  t.equal(unread, 1)
})

t.test('filters', async t => {
  const line: Line = { endedAt: 0, status: 404, host: 'Chat.Example.com:8443', path: '/app/list', timeTaken: 1500 }
  const named = namedValues(() => 0)
  const passes = (options: FilterOptions) => compileFilter(options, named)(new LineRow(line))
  for (const status of ['404', '4xx', '200,404', '400-499']) t.ok(passes({ status }), status)
  for (const status of ['200', '5xx', '405-499']) t.notOk(passes({ status }), status)
  for (const host of ['chat.example.com', '*.example.com', 'chat.*']) t.ok(passes({ where: { host } }), host)
  for (const host of ['example.com', 'chatXexample.com']) t.notOk(passes({ where: { host } }), host)
  for (const path of ['/app', '/app/list', '*list', '/*/list']) t.ok(passes({ path }), path)
  for (const path of ['/list', '*app']) t.notOk(passes({ path }), path)
  for (const slower of ['1499', '1s', '1499ms', '0.02min']) t.ok(passes({ longer: slower }), slower)
  for (const slower of ['1500', '2s', '1h']) t.notOk(passes({ longer: slower }), slower)
  t.notOk(passes({ webSockets: true }))
  t.throws(() => compileFilter({ status: 'many' }, named), { message: /is not a status/ })
  t.throws(() => compileFilter({ longer: 'soon' }, named), { message: /is not a time/ })
})

t.test('a summary keeps the durations of WebSockets apart from response times', async t => {
  const summary = new Summing()
  const add = (line: Line) => { summary.add(new LineRow(line)) }
  for (let ms = 1; ms <= 100; ms++) add({ endedAt: ms, status: ms > 95 ? 502 : 200, win32Status: ms > 95 ? 12029 : 0, timeTaken: ms, bytesSent: 10 })
  add({ endedAt: 200, status: 101, timeTaken: 3_600_000, websocket: { closeCode: 1000, closedBy: 'client' } })
  add({ endedAt: 300, status: 101, timeTaken: 60_000, websocket: { closeCode: null, closedBy: 'upstream' } })
  const result = summary.result()
  t.match(result, { requests: 102, statuses: { 200: 95, 502: 5, 101: 2 }, win32: { 12029: 5 }, bytesSent: 1000, times: { count: 100, max: 100 }, webSockets: { count: 2, max: 3_600_000, closeCodes: { 1000: 1, none: 1 }, closedBy: { client: 1, upstream: 1 } } })
  for (const [share, expected] of [['p50', 50], ['p90', 90], ['p99', 99]] as const) t.ok(Math.abs(result.times[share]! - expected) <= 1, share)
  t.match(showSummary(result, String), /^102 exchanges, .*\nstatus +200: 95 {3}502: 5 {3}101: 2\n[^]*HTTP +100 {3}half within 5\d ms.*longest 100 ms\nWebSockets +2 {3}.*longest 1 h 0 min\n/)
  t.match(new Summing().result(), { requests: 0, times: { count: 0, p50: null, max: null } })
})

t.test('the command lists, filters and sums up files, folders and standard input', async t => {
  const directory = t.testdir({
    W3SVC1: { 'u_ex220930.log': `${ARTICLE}\r\n${PAGE}\r\n${SOCKET}\r\n`, 'notes.txt': 'no log' },
    W3SVC2: { 'u_ex260528.log': IIS },
    HTTPERR: { 'httperr1.log': `${HTTPERR}\r\n` }
  })
  const [one, all, piped, summed, help] = await Promise.all([
    run(t, [join(directory, 'W3SVC1')]),
    run(t, [directory, '--json']),
    run(t, ['-w'], `${ARTICLE}\n${PAGE}\n${SOCKET}\n`),
    run(t, [directory, '--summary', '--json', '--status', '2xx,5xx']),
    run(t, ['--help'])
  ])
  t.equal(one.out, '2022-09-30 20:53:35  200  GET   /  22 ms\n2022-09-30 20:53:41  101  GET   /chat?room=1  5.8 s  client left\n')
  t.strictSame(all.out.trim().split('\n').map(line => JSON.parse(line).status), [200, 101, 400, 502, 404])
  t.equal(all.err, `arr-log: 1 lines could not be read, the first at ${join(directory, 'W3SVC2', 'u_ex260528.log')}:9\n`)
  t.equal(all.code, 0)
  t.equal(piped.out, '2022-09-30 20:53:41  101  GET   /chat?room=1  5.8 s  client left\n')
  t.match(JSON.parse(summed.out), { requests: 2, statuses: { 200: 1, 502: 1 } })
  t.match(help.out, /^Usage: arr-log/)
})

t.test('bytes that no line tells are unknown, and are no zero', async t => {
  const none = `${ARTICLE}\n${PAGE}\n`
  const some = '#Fields: date time cs-uri-stem sc-status sc-bytes\n2022-09-30 20:53:35 /a 200 10\n2022-09-30 20:53:36 /a 200 -'
  const [text, json, sent, by, byJson] = await Promise.all([run(t, ['-s'], none), run(t, ['-s', '--json'], none), run(t, ['-s'], some), run(t, ['--by', 'path'], none), run(t, ['--by', 'path', '--json'], none)])
  t.match(text.out, /bytes +unknown\n/)
  t.match(JSON.parse(json.out), { bytesSent: null, bytesReceived: null })
  t.match(sent.out, /bytes +10 sent, unknown received/)
  t.match(by.out, / 22 ms +- /)
  t.match(JSON.parse(byJson.out), { bytes: null })
})

t.test('a column that is asked for and that no line has is told, and the exit code stays 0', async t => {
  const text = `${ARTICLE}\n${PAGE}\n`
  const asks: Array<[args: string[], err: string]> = [
    [['--host', 'zzz'], 'arr-log: no line has the column cs-host, which --host reads\n'],
    [['--where', 'X-Mine=1'], 'arr-log: no line has the column X-Mine, which --where X-Mine reads\n'],
    [['--by', 'close'], 'arr-log: no line has the column x-ws-close-code or x-ws-closed-by, which --by close reads\n'],
    [['--client', '127.0.0.1'], ''],
    [['--longer', '1h', '--path', '/nowhere'], '']
  ]
  for (const { args, err, ran } of await Promise.all(asks.map(async ([args, err]) => ({ args, err, ran: await run(t, args, text) })))) {
    t.equal(ran.err, err, args.join(' '))
    t.equal(ran.code, 0)
  }
  t.match(await run(t, ['--close', '1000'], '{"time":"2022-09-30T20:53:35.000Z","status":200,"timeTaken":3,"path":"/"}'), { err: '', code: 0 }, 'JSON has it where it is something')
})

t.test('colours by NO_COLOR and FORCE_COLOR, and the version', async t => {
  const text = `${ARTICLE}\n${PAGE}\n`
  const [forced, none, flag, version] = await Promise.all([run(t, [], text, { FORCE_COLOR: '1' }), run(t, [], text, { FORCE_COLOR: '1', NO_COLOR: '1' }), run(t, ['--no-color'], text, { FORCE_COLOR: '1' }), run(t, ['--version'])])
  t.match(forced.out, '\u001b[')
  for (const { out } of [none, flag]) t.notMatch(out, '\u001b')
  t.match(version, { out: /^\d+\.\d+\.\d+.*\n$/, code: 0 })
})

t.test('a mistake is reported in one sentence, with exit code 1', async t => {
  const mistakes = [['--status', 'many'], ['--nonsense'], ['/nowhere/at/all.log'], ['-f']]
  for (const { out, err, code } of await Promise.all(mistakes.map(async args => await run(t, args)))) {
    t.equal(code, 1)
    t.equal(out, '')
    t.match(err, /^arr-log: .+\n$/)
  }
  t.equal((await run(t, ['--hots', 'a'])).err, 'arr-log: there is no option --hots: did you mean --host? (arr-log --help says more)\n')
})

t.test('it follows a folder: new lines, new files, files that were moved away', async t => {
  const directory = t.testdir()
  const file = join(directory, 'u_ex220930.log')
  writeFileSync(file, `${ARTICLE}\r\n${`${PAGE}\r\n`.repeat(20)}`)
  const child = spawn(process.execPath, ['--import=tsx', '--conditions=@fastify-arr/source', CLI, '-f', '--json', directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill())
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async () => JSON.parse((await lines.next()).value!).path
  for (let i = 0; i < 10; i++) t.equal(await next(), '/', 'the last ten of what was there')
  appendFileSync(file, SOCKET.slice(0, 50))
  appendFileSync(file, `${SOCKET.slice(50)}\r\n`)
  t.equal(await next(), '/chat', 'a line that came in two parts')
  mkdirSync(join(directory, 'W3SVC2'))
  writeFileSync(join(directory, 'W3SVC2', 'u_ex221001.log'), `${ARTICLE}\r\n${PAGE.replace(' / ', ' /new ')}\r\n`)
  t.equal(await next(), '/new', 'a new file')
  renameSync(file, `${file}.1`)
  writeFileSync(file, `${ARTICLE}\r\n${PAGE.replace(' / ', ' /rotated ')}\r\n`)
  t.equal(await next(), '/rotated', 'a file in the place of another')
})

t.test('a file that is renamed while it is followed is read to its end, and not again', async t => {
  const directory = t.testdir()
  const file = join(directory, 'u_ex.log')
  const line = (path: string) => `${PAGE.replace(' / ', ` ${path} `)}\r\n`
  const paths: string[] = []
  const follower = createFollower(row => { paths.push(row.whole().path!) })
  writeFileSync(file, `${ARTICLE}\r\n${line('/1')}`)
  await follower.read([file])
  appendFileSync(file, line('/2'))
  renameSync(file, `${file}.1`)
  writeFileSync(file, `${ARTICLE}\r\n${line('/3')}`)
  await follower.read([file])
  appendFileSync(`${file}.1`, line('/4'))
  await follower.read([file])
  renameSync(file, join(directory, 'old.log'))
  await follower.read([join(directory, 'old.log')])
  t.strictSame(paths, ['/1', '/2', '/3', '/4'])
  unlinkSync(`${file}.1`)
  await follower.read([file])
  t.equal(paths.length, 4)
})

t.test('a file that replaces another between stat and open is not mistaken for it', async t => {
  const file = join(t.testdir(), 'u_ex.log')
  const line = (path: string) => `${PAGE.replace(' / ', ` ${path} `)}\r\n`
  const paths: string[] = []
  const follower = createFollower(row => { paths.push(row.whole().path!) })
  writeFileSync(file, `${ARTICLE}\r\n${line('/1')}`)
  await follower.read([file])
  appendFileSync(file, line('/2'))
  const { stat } = files
  const restore = () => {
    files.stat = stat
    syncBuiltinESMExports()
  }
  t.teardown(restore)
  files.stat = (async (...asked: Parameters<typeof stat>) => {
    const found = await stat(...asked)
    restore()
    renameSync(file, `${file}.1`)
    writeFileSync(file, `${ARTICLE}\r\n${line('/3')}${line('/4')}`)
    return found
  }) as typeof stat
  syncBuiltinESMExports()
  for (let looks = 0; looks < 2; looks++) await follower.read([file])
  t.strictSame(paths, ['/1', '/2', '/3', '/4'])
})

t.test('lines are split at line feeds only', async t => {
  const { out, err, code } = await run(t, ['--json'], '#Fields: date time cs-uri-stem sc-status\r\n2022-09-30 20:53:35 /a\u2028b 200\r\n2022-09-30 20:53:36 /c\rd 201\r\n2022-09-30 20:53:37 /last 202')
  t.strictSame(out.trimEnd().split('\n').map(line => JSON.parse(line).path), ['/a\u2028b', '/c\rd', '/last'])
  t.strictSame({ err, code }, { err: '', code: 0 })
})

t.test('the output contains no control sequence, and its JSON has the values of the file', async t => {
  const path = '/\x1b[2J\x7f\x9b31m\u2028\u202e\u200b'
  const line = JSON.stringify({ status: 101, timeTaken: 5, time: '2022-09-30T20:53:35.000Z', path, websocket: { closedBy: path } })
  const [json, listed, summed, summedJson, failed] = await Promise.all([
    run(t, ['--json'], line), run(t, [], line), run(t, ['--summary'], line), run(t, ['--summary', '--json'], line), run(t, ['/nowhere\x9b\u202e'])
  ])
  for (const { out, err } of [json, listed, summed, summedJson, failed]) t.notMatch((out + err).replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  t.equal(JSON.parse(json.out).path, path)
  t.match(summed.out, 'closed by')
  t.match(failed.err, '/nowhere\\u009b\\u202e')
})

t.test('lines of other programs are shown, or counted as unread, and never crash the command', async t => {
  const lines = [
    '{"status":200,"timeTaken":5}',
    '{"status":200,"timeTaken":5,"time":"never"}',
    '{"exchange":{"status":200,"endedAt":1e99}}',
    '{"exchange":{"status":200,"endedAt":1,"method":5}}',
    '{"exchange":{"status":101,"endedAt":1,"websocket":{"closeCode":"\\u001b[2J"}}}',
    '{"exchange":{"status":101,"endedAt":1,"websocket":7}}',
    '{"exchange":{"status":204,"endedAt":1,"upstream":null}}',
    '#Fields: date time sc-status sc-bytes time-taken',
    '2022-09-30 20:53:35 203 many 1e999',
    '{"exchange":{"status":205,"endedAt":1,"method":"GET"}}'
  ].join('\n')
  const [listed, summed] = await Promise.all([run(t, [], lines), run(t, ['--summary'], lines)])
  t.match(listed, { code: 0, err: /^arr-log: 7 lines could not be read/ })
  t.equal(listed.out.split('\n').length, 3)
  t.match(summed, { code: 0, out: /bytes +unknown/ })
})

t.test('a file that is moved away while it is followed is read again when it is back', async t => {
  const file = join(t.testdir({ 'u_ex.log': `${ARTICLE}\r\n${PAGE}\r\n` }), 'u_ex.log')
  const child = spawn(process.execPath, ['--import=tsx', '--conditions=@fastify-arr/source', CLI, '-f', '--json', file])
  t.teardown(() => child.kill())
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  t.equal(JSON.parse((await lines.next()).value).path, '/')
  renameSync(file, `${file}.1`)
  // Twice the polling interval: the follower has polled while the file was missing.
  await new Promise(resolve => setTimeout(resolve, 700))
  writeFileSync(file, `${ARTICLE}\r\n${SOCKET}\r\n`)
  t.equal(JSON.parse((await lines.next()).value ?? '{}').path, '/chat')
})
