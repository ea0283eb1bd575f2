// What is read: each format and encoding that a log comes in, and what is said of lines that cannot be.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { NCSA } from '../src/format/ncsa.ts'
import type { Line } from '../src/reader/columns.ts'
import { Rows } from '../src/reader/rows/rows.ts'
import { decoded } from '../src/reader/sources/decoded.ts'

const CLI = fileURLToPath(new URL('../src/reader/cli.ts', import.meta.url))
const FIELDS = '#Fields: date time c-ip cs-method cs-uri-stem sc-status time-taken'
const LINE = '2026-05-28 10:25:40 198.51.100.32 GET /é 200 5'

async function readBytes (...chunks: Buffer[]): Promise<{ lines: Line[], unread: number, first: number }> {
  const lines: Line[] = []
  const rows = new Rows(row => { lines.push(row.whole()) })
  for await (const chunk of decoded((async function * () { yield * chunks })())) rows.feed(chunk)
  rows.end()
  return { lines, unread: rows.unread.count, first: rows.unread.first }
}

async function read (...texts: string[]): ReturnType<typeof readBytes> {
  return await readBytes(Buffer.from(texts.join('\r\n')))
}

async function run (t: Test, args: string[], input: string | Buffer = ''): Promise<{ out: string, err: string, code: number }> {
  const child = spawn(process.execPath, ['--import=tsx', '--conditions=@fastify-arr/source', CLI, ...args], { env: { ...process.env, TZ: 'UTC' } })
  t.teardown(() => child.kill())
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', chunk => { out += chunk })
  child.stderr.setEncoding('utf8').on('data', chunk => { err += chunk })
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  return { out, err, code }
}

t.test('a byte order mark, UTF-16 and gzip are read as the text that they hold, however the bytes are cut', async t => {
  const text = `${FIELDS}\r\n${LINE}\r\n${LINE.replace('200', '404')}`
  const swapped = Buffer.from(`\ufeff${text}`, 'utf16le')
  swapped.swap16()
  const forms = {
    plain: Buffer.from(text),
    marked: Buffer.from(`\ufeff${text}`),
    'UTF-16, little endian': Buffer.from(`\ufeff${text}`, 'utf16le'),
    'UTF-16, big endian': swapped,
    gzip: gzipSync(text),
    'two gzip members': Buffer.concat([gzipSync(text.slice(0, 50)), gzipSync(text.slice(50))]),
    'gzip of a marked text': gzipSync(`\ufeff${text}`)
  }
  for (const [name, bytes] of Object.entries(forms)) {
    for (const size of [bytes.length, 7, 1]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
      const { lines, unread } = await readBytes(...chunks)
      t.match(lines, [{ path: '/é', status: 200, clientIp: '198.51.100.32', timeTaken: 5 }, { status: 404 }], `${name}, ${size} bytes at a time`)
      t.equal(unread, 0)
    }
  }
  await t.rejects(readBytes(gzipSync(text).subarray(0, 40)), 'a file that is not whole')
})

t.test('IIS 6 without a column for the date: the date is that of #Date, and the next day follows midnight', async t => {
  const { lines, unread } = await read('#Software: Microsoft Internet Information Services 6.0', '#Date: 2004-02-29 23:59:00', '#Fields: time c-ip cs-method cs-uri-stem sc-status', '23:59:58 192.0.2.1 GET /a 200', '00:00:01 192.0.2.1 GET /b 200')
  t.equal(unread, 0)
  t.strictSame(lines.map(({ endedAt }) => new Date(endedAt).toISOString()), ['2004-02-29T23:59:58.000Z', '2004-03-01T00:00:01.000Z'])
})

t.test('two spaces, tabs and values in quotes are read where the number of values then fits', async t => {
  const { lines, unread, first } = await read(
    FIELDS,
    '2026-05-28 10:25:40 198.51.100.32  GET /two 200 5 ',
    '2026-05-28 10:25:40 198.51.100.32 GET /a b 200 5',
    '#Fields: date\ttime\tcs(User-Agent)\tsc-status',
    '2026-05-28\t10:25:40\tcurl 8\t204',
    '#Fields: date time cs(User-Agent) cs-uri-stem time-taken',
    '2026-05-28 10:25:40.123 "Mozilla/5.0 (X11)" /advanced 12'
  )
  t.match(lines, [{ path: '/two', status: 200 }, { userAgent: 'curl 8', status: 204 }, { userAgent: 'Mozilla/5.0 (X11)', path: '/advanced', status: 0, endedAt: Date.UTC(2026, 4, 28, 10, 25, 40, 123) }])
  t.strictSame({ unread, first }, { unread: 1, first: 3 })
})

t.test('NCSA lines are read as this package and others write them', async t => {
  const own = NCSA.line({ endedAt: Date.UTC(2026, 4, 28, 10, 25, 40), timeTaken: 1, requestId: '1', site: 'x', siteId: 1, method: 'GET', host: null, path: '/a"b', query: 'c=1', version: 'HTTP/1.1', status: 200, substatus: 0, win32Status: 0, serverIp: null, serverPort: null, clientIp: '192.0.2.1', clientPort: null, username: 'me', userAgent: 'a\\b "c"', referer: null, bytesSent: 9, bytesReceived: null })
  const { lines, unread } = await read(own, '192.0.2.2 - - [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326', 'no line of a log')
  t.match(lines, [
    { endedAt: Date.UTC(2026, 4, 28, 10, 25, 40), path: '/a"b', query: 'c=1', username: 'me', userAgent: 'a\\b "c"', bytesSent: 9, version: 'HTTP/1.1', referer: null },
    { endedAt: Date.UTC(2000, 9, 10, 20, 55, 36), path: '/apache_pb.gif', bytesSent: 2326, username: null }
  ])
  t.equal(unread, 1)
})

t.test('the words of Azure and of its Application Gateway are no part of the query', async t => {
  const fields = '#Fields: date time cs-uri-stem cs-uri-query sc-status'
  const { lines } = await read(fields,
    '2026-05-28 10:25:40 / a=1&X-ARR-LOG-ID=ad279eb5 200',
    '2026-05-28 10:25:40 / X-AzureApplicationGateway-CACHE-HIT=0&SERVER-ROUTED=10.0.0.4&X-AzureApplicationGateway-LOG-ID=b1&SERVER-STATUS=200 200')
  t.match(lines, [{ query: 'a=1', upstream: { logId: 'ad279eb5' } }, { query: null, upstream: { routed: '10.0.0.4', logId: 'b1', status: 200 } }])
})

t.test('the log of HTTP.sys is shown with what was asked for and the reason, with and without a status', async t => {
  const { out, err } = await run(t, [], [
    '#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename',
    '2026-01-05 08:00:00 198.51.100.9 1045 192.0.2.1 80 HTTP/1.1 GET /admin?x=1 400 - Hostname -',
    '2026-01-05 08:00:01 198.51.100.9 1046 192.0.2.1 80 - - - - - Timer_ConnectionIdle -'
  ].join('\n'))
  t.equal(out, '2026-01-05 08:00:00  400  GET   /admin?x=1  turned away: Hostname\n2026-01-05 08:00:01    -  -     turned away: Timer_ConnectionIdle\n')
  t.equal(err, '')
})

t.test('where nothing can be read, the command says which line of which file, and fails', async t => {
  const directory = t.testdir({ 'a.log': 'no log at all\r\n', 'b.log': `${FIELDS}\r\n${LINE}\r\nhalf a line\r\n` })
  const [none, some, empty] = await Promise.all([run(t, ['-s', join(directory, 'a.log')]), run(t, ['-s', directory]), run(t, ['-s'], '')])
  t.match(none, { code: 1, err: `arr-log: 1 lines could not be read, the first at ${join(directory, 'a.log')}:1\n` })
  t.match(some, { code: 0, err: `arr-log: 2 lines could not be read, the first at ${join(directory, 'a.log')}:1, ${join(directory, 'b.log')}:3\n` })
  t.match(empty, { code: 0, err: '' })
})

t.test('lines of several files, compressed ones too, are shown by their time', async t => {
  const file = (...lines: string[]) => `${FIELDS}\r\n${lines.map(line => `${line}\r\n`).join('')}`
  const at = (time: string, path: string) => LINE.replace('10:25:40', time).replace('/é', path)
  const directory = t.testdir({
    W3SVC1: { 'u_ex1.log': file(at('10:00:00', '/1'), at('10:00:03', '/4')), 'u_ex2.log': file(at('10:00:05', '/6')) },
    W3SVC2: { 'u_ex1.log': file(at('10:00:01', '/2'), at('10:00:04', '/5')), 'empty.log': '', 'broken.log': 'x\n' },
    W3SVC3: { 'u_ex1.log.gz': gzipSync(file(at('10:00:02', '/3'))) }
  })
  const { out, err, code } = await run(t, ['--json', directory])
  t.strictSame(out.trim().split('\n').map(line => JSON.parse(line).path), ['/1', '/2', '/3', '/4', '/5', '/6'])
  t.match(err, 'broken.log:1')
  t.equal(code, 0)
})

t.test('a line of any length holds no more memory than the limit, and those around it are read', async t => {
  const long = Buffer.alloc(1_048_576, 'a')
  const chunks = [Buffer.from(`${FIELDS}\n${LINE}\n`), ...Array.from({ length: 8 }, () => long), Buffer.from(`\n${LINE}\n`)]
  const { lines, unread, first } = await readBytes(...chunks)
  t.strictSame({ count: lines.length, unread, first }, { count: 2, unread: 1, first: 3 })
})
