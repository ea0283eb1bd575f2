import t from 'tap'
import fastify from 'fastify'
import { requestTrace, type RequestTraceOptions } from '../src/index.ts'
import { addNetwork, isIn } from '../src/rules/clients.ts'
import { judge, type Judged } from '../src/rules/judge.ts'
import { named, namesCode, readCodes, readStatuses } from '../src/rules/numbers.ts'
import { CompiledRule } from '../src/rules/rule.ts'
import { comparedPath, fits } from '../src/rules/wildcard.ts'
import { BlockList } from 'node:net'

t.test('a path fits as in IIS: a star is any letters, the case does not count, the path is decoded', async t => {
  for (const [pattern, path, expected] of [
    ['*', '/', true],
    ['/api/*', '/api/a/b', true],
    ['/api/*', '/api', false],
    ['/api/*', '/API/a?b', true],
    ['api/*', '/api/a', true],
    ['/API/*', '/api/a', true],
    ['*.aspx', '/a/b.aspx', true],
    ['*.aspx', '/a/b.aspx?c=d', true],
    ['*.aspx', '/a/b.aspx/c', false],
    ['/a*b*c', '/aXbYbZc', true],
    ['/a*b*c', '/aXbYbZ', false],
    ['/über/*', '/%C3%BCber/x', true],
    ['/a b', '/a%20b', true],
    ['/x', 'http://example.com/x?y', true],
    ['/', 'http://example.com', true],
    ['/%zz', '/%zz', true]
  ] as const) t.equal(new CompiledRule({ path: pattern }).fits(comparedPath(path), { ip: '' }), expected, `${pattern} and ${path}`)
})

t.test('a pattern with many stars takes no long time', async t => {
  const began = process.cpuUsage().user
  t.notOk(fits('*a'.repeat(100) + 'b', '/' + 'a'.repeat(8_000)))
  t.ok(process.cpuUsage().user - began < 2_000_000)
})

t.test('statuses are single ones, ranges and those with a substatus', async t => {
  for (const [list, status, sub, expected] of [
    ['404', 404, 0, '404'],
    ['404', 404, 13, '404.13'],
    ['404.13', 404, 13, '404.13'],
    ['404.13', 404, 0, null],
    ['500-599', 502, 3, '502.3'],
    ['404.13, 500-599,101', 101, 0, '101'],
    ['400-499', 500, 0, null]
  ] as const) t.equal(named(readStatuses(list)!, status, sub), expected, `${list}: ${status}.${sub}`)
  for (const wrong of ['', '40', '404.', '404-', '599-500', 'x', '404;500', '404.1-405', '1000']) t.equal(readStatuses(wrong), null, wrong)
})

t.test('close codes are single ones, ranges, and none for an end without a Close frame', async t => {
  for (const [list, code, expected] of [
    ['1011', 1011, true],
    ['1002-1015', 1011, true],
    ['1002-1015', 1000, false],
    ['none', null, true],
    ['none', 1000, false],
    ['1000,none', 1000, true],
    ['1006', null, true],
    ['1007-1015', null, false],
    ['4000-4999,NONE', 4001, true],
    ['1005', 1005, true]
  ] as const) t.equal(namesCode(readCodes(list)!, code), expected, `${list}: ${code}`)
  for (const wrong of ['', '999', '5000', '1011-', '1015-1002', 'nothing']) t.equal(readCodes(wrong), null, wrong)
})

t.test('clients are addresses and networks, of both families', async t => {
  const list = new BlockList()
  for (const text of ['192.0.2.7', '10.0.0.0/8', 'fd00::/8']) t.ok(addNetwork(list, text))
  for (const address of ['192.0.2.7', '10.1.2.3', 'fd12::1', '::ffff:10.1.2.3']) t.ok(isIn(list, address), address)
  for (const address of ['192.0.2.8', '11.0.0.1', 'fe80::1', '', 'nobody']) t.notOk(isIn(list, address), address)
  for (const wrong of ['', '10.0.0.0/33', '10.0.0', 'fd00::/129', 'host', '10.0.0.1:80', 'fe80::1%eth0']) t.notOk(addNetwork(new BlockList(), wrong), wrong)
})

const SEEN: Judged = { status: 200, subStatus: 0, time: 5, worst: 0, asked: false, ended: null, refused: false }
const OPEN = { ...SEEN, status: 101 }
const ENDED = { ...OPEN, ended: { code: 1000, ending: 'end', life: 60_000, upstreamSpoke: true } }
const end = (changes: object): Judged => ({ ...ENDED, ended: { ...ENDED.ended, ...changes } })

for (const [name, rule, seen, reason] of [
  ['no trigger is all', {}, SEEN, 'SAMPLE'],
  ['a place is no trigger', { path: '/a', site: 'b', clients: ['::1'], areas: {} }, SEEN, 'SAMPLE'],
  ['a status that is named', { statusCodes: '200' }, SEEN, 'STATUS_CODE'],
  ['a status that is not', { statusCodes: '500-599' }, SEEN, null],
  ['101 when it opens', { statusCodes: '101' }, OPEN, 'STATUS_CODE'],
  ['longer than it may', { timeTaken: 4 }, SEEN, 'TIME_TAKEN'],
  ['as long as it may', { timeTaken: 5 }, SEEN, null],
  ['a warning', { verbosity: 'Warning' }, { ...SEEN, worst: 3 }, 'VERBOSITY'],
  ['no event', { verbosity: 'Warning' }, SEEN, null],
  ['a warning where errors are wanted', { verbosity: 'Error' }, { ...SEEN, worst: 3 }, null],
  ['an error where warnings are wanted', { verbosity: 'Warning' }, { ...SEEN, worst: 2 }, 'VERBOSITY'],
  ['a close code', { webSocket: { closeCodes: '1011' } }, end({ code: 1011 }), 'WEBSOCKET_ENDING'],
  ['another close code', { webSocket: { closeCodes: '1011' } }, end({}), null],
  ['no Close frame', { webSocket: { closeCodes: 'none' } }, end({ code: null }), 'WEBSOCKET_ENDING'],
  ['a close code, while it is open', { webSocket: { closeCodes: '1000-4999,none' } }, OPEN, null],
  ['an ending', { webSocket: { endings: ['reset', 'drain'] } }, end({ ending: 'drain' }), 'WEBSOCKET_ENDING'],
  ['another ending', { webSocket: { endings: ['reset'] } }, end({}), null],
  ['a short life', { webSocket: { shorterThan: 60_001 } }, end({}), 'WEBSOCKET_ENDING'],
  ['a long life', { webSocket: { shorterThan: 60_000 } }, end({}), null],
  ['an upstream that never spoke', { webSocket: { neverSpoke: true } }, end({ upstreamSpoke: false }), 'WEBSOCKET_ENDING'],
  ['an upstream that spoke', { webSocket: { neverSpoke: true } }, end({}), null],
  ['a refused handshake', { webSocket: { refused: true } }, { ...SEEN, refused: true }, 'WEBSOCKET_ENDING'],
  ['a request that asks for no WebSocket', { webSocket: { refused: true } }, SEEN, null],
  ['asked for', { onDemand: { header: 'x-trace', secret: 'sixteen letters!' } }, { ...SEEN, asked: true }, 'ON_DEMAND'],
  ['not asked for', { onDemand: { header: 'x-trace', secret: 'sixteen letters!' } }, SEEN, null],
  ['either of two triggers', { statusCodes: '500', timeTaken: 4 }, SEEN, 'TIME_TAKEN']
] as const) {
  t.test(`${name}: ${reason ?? 'nothing is written'}`, async t => {
    t.equal(judge(new CompiledRule(rule as never), seen as Judged)?.reason ?? null, reason)
  })
}

t.test('all mistakes are told in one error', async t => {
  const app = fastify()
  t.teardown(() => app.close())
  const options = {
    rule: [],
    directory: 5,
    maxLogFiles: 0,
    maxLogFileSizeKB: -1,
    formats: ['pdf'],
    keep: 'all',
    memory: { total: 10, perExchange: 5, each: 1 },
    redact: { headers: 'x', cookies: [] },
    dangerouslyWriteSecrets: 'yes',
    rules: [
      1,
      { path: '/a?b', site: '', statusCodes: '999-1', timeTaken: '5', verbosity: 'Verbose', sample: 0, clients: ['x'], areas: { Rewrite: 'Loud', Cache: 'Verbose' }, webSocket: { closeCodes: 'all', endings: ['end'], shorterThan: 0, neverSpoke: 1, refused: 1, closed: 1 }, onDemand: { secret: 'short' }, payloads: {}, status: '404' },
      { onDemand: { header: 'Connection', query: '', secret: 'sixteen letters!' } }
    ]
  }
  await t.rejects(Promise.resolve(app.register(requestTrace, options as unknown as RequestTraceOptions)), {
    code: 'FST_ARR_TRACE_INVALID_OPTIONS',
    message: new RegExp([
      '`rule` is no option; the nearest is `rules`', '`directory` must be', '`maxLogFiles` must be', '`maxLogFileSizeKB` must be', '`formats` must be', '`keep` must be', '`dangerouslyWriteSecrets` must be',
      '`memory`: `each` is no option', '`memory.perExchange` must be', '`memory.total` must be', '`redact`: `cookies` is no option', '`redact.headers` must be',
      '`rules\\[0\\]` must be an object', '`rules\\[1\\]`: `status` is no option',
      ...['path', 'site', 'statusCodes', 'timeTaken', 'verbosity', 'sample', 'clients'].map(name => `\`rules\\[1\\].${name}\` must be`),
      '`rules\\[1\\].areas`: `Cache` is no option', '`rules\\[1\\].areas.Rewrite` must be', '`rules\\[1\\].webSocket`: `closed` is no option',
      ...['closeCodes', 'endings', 'shorterThan', 'neverSpoke', 'refused'].map(name => `\`rules\\[1\\].webSocket.${name}\` must be`),
      '`rules\\[1\\].onDemand` must have', '`rules\\[1\\].onDemand.secret` must be', '`rules\\[1\\].payloads.maxBytes` must be',
      '`rules\\[2\\].onDemand.header` must be', '`rules\\[2\\].onDemand.query` must be'
    ].join('.*'))
  })
})
