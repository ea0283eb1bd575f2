// What is answered: groups, charts, filters, and what is still open.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { Spreading } from '../src/reader/questions/spread.ts'
import { durationIn, momentIn } from '../src/reader/questions/time.ts'

const CLI = fileURLToPath(new URL('../src/reader/cli.ts', import.meta.url))
const FIELDS = '#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query cs-host sc-status sc-substatus sc-bytes cs-bytes time-taken x-upstream x-ws-attempt x-ws-event x-ws-close-code x-ws-closed-by x-ws-ending x-ws-idle-received x-ws-idle-sent Tenant'

interface Written { at?: string, client?: string, path?: string, logId?: string, host?: string, status?: number, substatus?: number, time?: number, upstream?: string, attempt?: boolean, event?: string, code?: number, by?: string, ending?: string, silence?: number, tenant?: string }

function line ({ at = '10:00:00', client = '192.0.2.1', path = '/', logId = '', host = 'a.example', status = 200, substatus = 0, time = 5, upstream, attempt = status === 101, event, code, by, ending, silence, tenant }: Written): string {
  const query = logId === '' ? '-' : `X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=${logId}`
  return ['2026-05-28', at, client, 'GET', path, query, host, status, substatus, 100, 20, time, upstream ?? '-', attempt ? 'yes' : '-', event ?? '-', code ?? '-', by ?? '-', ending ?? '-', silence ?? '-', silence === undefined ? '-' : silence + 40, tenant ?? '-'].join(' ')
}

interface Answered { out: string, err: string, code: number, rows: Array<Record<string, any>> }

const ask = async (t: Test, args: string[], lines: readonly Written[]): Promise<Answered> => await answer(t, args, [FIELDS, ...lines.map(line)])

async function answer (t: Test, args: string[], lines: readonly string[]): Promise<Answered> {
  const child = spawn(process.execPath, ['--import=tsx', '--conditions=@fastify-arr/source', CLI, ...args], { env: { ...process.env, TZ: 'UTC' } })
  t.teardown(() => child.kill())
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', chunk => { out += chunk })
  child.stderr.setEncoding('utf8').on('data', chunk => { err += chunk })
  child.stdin.end(lines.join('\n'))
  const [code] = await once(child, 'close')
  return { out, err, code, rows: args.includes('--json') ? out.trim().split('\n').filter(text => text !== '').map(text => JSON.parse(text)) : [] }
}

t.test('which clients lose their sockets after about a minute', async t => {
  const lost = (client: string, time: number) => ({ client, time, status: 101, by: 'client', ending: 'reset' })
  const { rows } = await ask(t, ['-w', '--longer', '55s', '--shorter', '65s', '--by', 'client', '--json'], [
    lost('192.0.2.7', 60_100), lost('192.0.2.7', 59_900), lost('192.0.2.8', 60_000), lost('192.0.2.9', 3_600_000), { client: '192.0.2.7', time: 60_000 }
  ])
  t.match(rows, [{ by: { client: '192.0.2.7' }, count: 2 }, { by: { client: '192.0.2.8' }, count: 1 }])
  t.equal(rows.length, 2)
})

t.test('what share of the requests for a WebSocket never gets its 101, and why', async t => {
  const { rows } = await ask(t, ['-w', '--by', 'status,upstream', '--json'], [
    { status: 101 }, { status: 101 }, { status: 502, substatus: 3, attempt: true, upstream: 'http://b' }, { status: 403, attempt: true }, { status: 200 }
  ])
  t.match(rows, [{ by: { status: '101', upstream: null }, count: 2, share: 0.5 }, { by: { status: '502.3', upstream: 'http://b' }, share: 0.25 }, { by: { status: '403' }, share: 0.25 }])
  const { out } = await ask(t, ['-s'], [{ status: 101, code: 1000, by: 'client' }, { status: 403, attempt: true }])
  t.match(out, /WebSockets +1 {3}[^]*refused +403: 1/)
})

t.test('the 95th percentile of the life per path; a WebSocket\'s life is no response time', async t => {
  const lives = Array.from({ length: 100 }, (_, index) => ({ path: '/chat', status: 101, time: (index + 1) * 1000 }))
  const { rows } = await ask(t, ['-w', '--by', 'path', '--json'], [...lives, { path: '/chat', time: 1 }])
  t.equal(rows.length, 1)
  t.ok(Math.abs(rows[0]!.p95 - 95_000) < 1000, String(rows[0]!.p95))
  const mixed = await ask(t, ['--by', 'path', '--json'], [...lives, { path: '/chat', time: 4 }])
  t.match(mixed.rows, [{ count: 101, p95: 4 }])
})

t.test('which upstream resets, bytes per tenant, and when the deploy dropped them', async t => {
  const lines = [
    { status: 101, by: 'upstream', ending: 'reset', upstream: 'http://b', tenant: 'acme', at: '10:00:10' },
    { status: 101, by: 'upstream', ending: 'reset', upstream: 'http://b', tenant: 'acme', at: '10:00:20' },
    { status: 101, by: 'proxy', ending: 'drain', upstream: 'http://c', tenant: 'beta', at: '10:03:20' }
  ]
  t.match((await ask(t, ['--ending', 'reset', '--side', 'upstream', '--by', 'upstream', '--json'], lines)).rows, [{ by: { upstream: 'http://b' }, count: 2 }])
  t.match((await ask(t, ['--by', 'Tenant', '--json'], lines)).rows, [{ by: { Tenant: 'acme' }, bytes: 240 }, { by: { Tenant: 'beta' }, bytes: 120 }])
  const { rows } = await ask(t, ['--per', '1min', '--json'], lines)
  t.strictSame(rows.map(({ from, count }) => [from.slice(11, 16), count]), [['10:00', 2], ['10:01', 0], ['10:02', 0], ['10:03', 1]])
  const { out } = await ask(t, ['--where', 'Tenant=b*', '--ending', 'drain,timeout', '--per', '1min', '--utc'], lines)
  t.match(out, /^from +count +5xx +101\n2026-05-28 10:03:00Z +1 +0 +1 +█+\n$/)
})

t.test('whether somebody cuts silent WebSockets: they were silent equally long', async t => {
  const { rows } = await ask(t, ['-w', '--ending', 'reset', '--by', 'idle', '--json'], [60_010, 59_990, 60_200, 1200].map(silence => ({ status: 101, ending: 'reset', by: 'client', silence })))
  t.match(rows, [{ by: { idle: '60 s' }, count: 3 }, { by: { idle: '1 s' }, count: 1 }])
})

t.test('how many are open: an opening without its end, by the log id', async t => {
  const { out, rows } = await ask(t, ['--open', '--json'], [
    { status: 101, event: 'open', logId: 'one', path: '/one' }, { status: 101, event: 'open', logId: 'two', path: '/two' }, { status: 101, event: 'close', logId: 'one', path: '/one' }, { path: '/page' },
    { status: 101, event: 'close', logId: 'three', path: '/three' }, { status: 101, event: 'open', logId: 'three', path: '/three' }
  ])
  t.match(rows, [{ path: '/two', event: 'open' }], out)
  t.equal(rows.length, 1)
})

t.test('what a killed process has left is not open, once another one has started', async t => {
  const id = (pid: number, start: string) => `${pid}-${Date.parse(`2026-05-28T${start}Z`).toString(36)}`
  const killed = id(11, '09:00:00')
  const alive = id(12, '09:00:00')
  const after = id(13, '10:00:30')
  const written = (at: string, process: string, event: string, logId: string) => `2026-05-28 ${at} /${logId} X-ARR-LOG-ID=${logId} 101 0 ${event} ${process}`
  const lines = [
    '#Fields: date time cs-uri-stem cs-uri-query sc-status time-taken x-ws-event x-process',
    written('10:00:00', killed, 'open', 'lost'),
    written('10:00:00', alive, 'open', 'silent'),
    written('10:00:31', after, 'open', 'new'),
    `#Remark: 2026-05-28 10:01:00 process ${alive} is alive`
  ]
  const { rows, err } = await answer(t, ['--open', '--json'], lines)
  t.strictSame(rows.map(({ path, process }) => [path, process]), [['/silent', alive], ['/new', after]])
  t.equal(err, 'arr-log: 1 more were open in a process that has ended without writing their ends\n')
  const before = await answer(t, ['--open', '--json'], lines.slice(0, 3))
  t.strictSame(before.rows.map(({ path }) => path), ['/lost', '/silent'], 'before that, nobody knows')
  t.equal(before.err, '')
  const filtered = await answer(t, ['--open', '--json', '--path', '/lost'], lines)
  t.strictSame(filtered.rows, [], 'lines that are not asked for tell of their processes as well')
})

t.test('the largest groups are shown with their share and a bar, the others are counted', async t => {
  const lines = [...Array.from({ length: 6 }, () => ({ client: '192.0.2.1' })), ...Array.from({ length: 3 }, () => ({ client: '192.0.2.2' })), { client: '192.0.2.3' }]
  const { out } = await ask(t, ['--by', 'client', '--top', '2'], lines)
  t.equal(out, [
    'client     count   share   p50   p95   p99  bytes',
    `192.0.2.1      6  60.0 %  5 ms  5 ms  5 ms  720 B  ${'█'.repeat(30)}`,
    `192.0.2.2      3  30.0 %  5 ms  5 ms  5 ms  360 B  ${'█'.repeat(15)}`,
    '… and 1 more: --top 3', ''
  ].join('\n'))
})

t.test('since and until, on either clock', async t => {
  const lines = [{ at: '10:00:00', path: '/1' }, { at: '10:30:00', path: '/2' }, { at: '11:00:00', path: '/3' }]
  const { rows } = await ask(t, ['--since', '2026-05-28 10:10', '--until', '2026-05-28T11:00:00Z', '--json'], lines)
  t.match(rows, [{ path: '/2' }])
  t.equal(rows.length, 1)
  const now = Date.UTC(2026, 4, 28, 12, 0, 0)
  t.equal(momentIn('2h', true, now), now - 7_200_000)
  t.equal(momentIn('10:25', true, now), Date.UTC(2026, 4, 28, 10, 25))
  t.equal(momentIn('2026-05-28T10:25:00+02:00', true, now), Date.UTC(2026, 4, 28, 8, 25))
  for (const text of ['', 'soon', '2026-13-40', '25:99', 'T']) t.throws(() => momentIn(text, true, now), { message: /is no moment/ }, text)
  t.equal(durationIn('1d'), 86_400_000)
})

t.test('options that do not go together, or name nothing, are told in one sentence', async t => {
  for (const args of [['-s', '--by', 'path'], ['--by', 'path,host,client'], ['--by', ''], ['--top', 'ten', '--by', 'path'], ['--per', '1ms'], ['--where', 'Tenant'], ['--since', 'soon'], ['--slower', '1s', '--longer', '1s']]) {
    const { code, out, err } = await ask(t, args, [])
    t.strictSame({ code, out }, { code: 1, out: '' }, args.join(' '))
    t.match(err, /^arr-log: .+\n$/)
  }
})

t.test('percentiles of few and of many values are accurate to 1 %', async t => {
  for (const count of [3, 63, 64, 65, 5000]) {
    const spread = new Spreading()
    for (let value = 1; value <= count; value++) spread.add(value * 7)
    const { p50, p95, max } = spread.result()
    for (const [share, found] of [[0.5, p50], [0.95, p95]] as const) {
      const exact = Math.ceil(count * share) * 7
      t.ok(Math.abs(found! - exact) <= Math.max(1, exact * 0.011), `${count}: ${found} for ${exact}`)
    }
    t.equal(max, count * 7)
  }
})
