// `<requestFiltering>`: IIS's own examples with their results, and the order and substatus of each part.
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { RequestFilteringOptions } from '../src/index.ts'
import { compileRequestFiltering } from '../src/request-filtering/compile.ts'
import { Target } from '../src/url/target.ts'
import { bytes, HANDSHAKE, serve, statusOf, wire } from './serving.ts'

type Asking = Parameters<typeof bytes>[1]

/** What becomes of requests: `404.8` and its detail, or 200. */
async function results (t: Test, requestFiltering: RequestFilteringOptions, requests: ReadonlyArray<readonly [target: string, result: string, asking?: Asking]>): Promise<void> {
  const { port, rejections } = await serve(t, { requestFiltering })
  for (const [target, result, asking] of requests) {
    const status = await statusOf(port, target, asking)
    const rejection = rejections.pop()
    t.equal(rejection === null || rejection === undefined ? String(status) : `${status}.${rejection.subStatusCode}`, result, `${asking?.method ?? 'GET'} ${target.slice(0, 100)}`)
    if (rejection !== null && rejection !== undefined) t.equal(rejection.statusCode, status)
  }
}

t.test('with no options the limits are IIS\'s, and paths are encoded once', async t => {
  await results(t, {}, [
    ['/', '200'], ['/web.config', '200'],
    [`/${'a'.repeat(4095)}`, '200'], [`/${'a'.repeat(4096)}`, '404.14'], [`/${'%61'.repeat(1366)}`, '404.14'],
    [`/?${'a'.repeat(2048)}`, '200'], [`/?${'a'.repeat(2049)}`, '404.15'],
    ['/', '200', { method: 'POST', more: 'Content-Type: text/plain\r\nContent-Length: 1\r\n', body: 'a' }],
    ['/', '413.1', { method: 'POST', more: 'Content-Length: 30000001\r\n' }],
    ['/%2525', '404.11'], ['/%252e%252e/', '404.11'], ['/a+b', '404.11'], ['/a%2Bb', '404.11'], ['/a?b+c=%252e', '200'], ['/100%25', '200'], ['/a%20b', '200'],
    ['/caf%C3%A9', '200'],
    ['/%00', '400.0'], ['/a%0ab', '400.0'], ['/a#b', '400.0'], ['/?a#b', '400.0']
  ])
})

t.test('requestLimits: Microsoft\'s example, and each header\'s limit with all of its values', async t => {
  await results(t, { requestLimits: { maxAllowedContentLength: 10, maxUrl: 5, maxQueryString: 3, headerLimits: { 'Content-Type': 10, 'X-Many': 10, host: 12 } } }, [
    ['/1234', '200'], ['/12345', '404.14'], ['/?abc', '200'], ['/?abcd', '404.15'],
    ['/', '413.1', { method: 'POST', more: 'Content-Length: 11\r\n' }],
    ['/', '200', { more: 'content-type: text/plain\r\n'.replace('/plain', '/a') }], ['/', '431.0', { more: 'CONTENT-TYPE: text/plain;\r\n' }],
    ['/', '200', { more: 'X-Many: 1234\r\nx-many: 1234\r\n' }], ['/', '431.0', { more: 'X-Many: 12345\r\nx-many: 1234\r\n' }],
    ['/', '431.0', { more: 'Content-Type: a\r\nContent-Type: 12345678\r\n' }],
    ['/', '431.0', { host: 'localhost:1234' }]
  ])
})

t.test('verbs: those that are refused, and those that are not listed; a WebSocket is a GET', async t => {
  await results(t, { verbs: { verbs: { TRACE: false, DELETE: false, GET: true } } }, [['/', '200'], ['/', '404.6', { method: 'DELETE' }], ['/', '200', { method: 'POST' }]])
  await results(t, { verbs: { allowUnlisted: false, verbs: { get: true, POST: true, PUT: false } } }, [
    ['/', '200'], ['/', '200', { method: 'POST' }], ['/', '404.6', { method: 'PUT' }], ['/', '404.6', { method: 'OPTIONS' }], ['/', '404.6', { method: 'HEAD' }], ['/', '200', { more: HANDSHAKE }]
  ])
})

t.test('verbs: extended CONNECT that nothing has made a GET is one all the same, and another CONNECT is not', async t => {
  const check = compileRequestFiltering({ verbs: { allowUnlisted: false, verbs: { GET: true } } }, 'requestFiltering', [])
  const ask = (isWebSocket: boolean): unknown => check?.({ request: { method: 'CONNECT', raw: { headers: {}, rawHeaders: [] } } as never, reply: {} as never, target: new Target('/'), isWebSocket })
  t.equal(ask(true), null)
  t.match(ask(false), { reason: 'verbs', subStatusCode: 6 })
})

t.test('fileExtensions: Microsoft\'s example; a path without one is listed as a dot', async t => {
  await results(t, { fileExtensions: { fileExtensions: { '.inc': false, '.Config': false } } }, [
    ['/a.inc', '404.7'], ['/a.INC', '404.7'], ['/a.%69nc', '404.7'], ['/a.inc?x', '404.7'], ['/a.b.inc', '404.7'], ['/a.inc/', '404.7'], ['/a.inc/.', '404.7'], ['/a.inc/%2e', '404.7'], ['/a.inc/x/..', '404.7'], ['/a.b/', '200'], ['/a.inc/b', '200'], ['/a.inc.b', '200'], ['/inc', '200'], ['/?a.inc', '200'], ['/a.incl', '200'],
    ['/web.config', '404.7'], ['/web.config.', '404.7'], ['/web.config%20', '404.7'], ['/web.config::$DATA', '404.7'], ['/web.config;a=b', '404.7'], ['/web.config;x/../a', '200'], ['/web.config/..;/a', '400.0'], ['/web%EF%BC%8Econfig', '404.7']
  ])
  await results(t, { fileExtensions: { allowUnlisted: false, fileExtensions: { '.html': true } } }, [['/a.html', '200'], ['/a.htm', '404.7'], ['/', '404.7'], ['/a', '404.7'], ['/a.html;x', '404.7']])
  await results(t, { fileExtensions: { allowUnlisted: false, fileExtensions: { '.': true } } }, [['/a', '200'], ['/', '200'], ['/a.b/c', '200'], ['/a.b', '404.7']])
})

t.test('hiddenSegments: Microsoft\'s example, whole segments only', async t => {
  await results(t, { hiddenSegments: ['bin', 'web.config', 'App_Data'], allowDoubleEscaping: true }, [
    ['/bin', '404.8'], ['/bin/', '404.8'], ['/a/BIN/b', '404.8'], ['/binary', '200'], ['/a-bin', '200'], ['/a/binary/bin', '404.8'], ['/?/bin/', '200'], ['/bin.x', '200'],
    ['/%62in', '404.8'], ['/%2562in', '404.8'], ['/%252562in', '404.8'], ['/a%2fbin', '404.8'], ['/a%252fbin', '404.8'], ['/a\\bin', '404.8'], ['/x/../bin', '404.8'], ['/bin;v=1/x', '404.8'], ['/bin./x', '404.8'], ['/bin%20', '404.8'],
    ['/app_data/', '404.8'], ['/WEB.CONFIG', '404.8'], ['/x/bin/../y', '200'], ['/x/bin//../y', '400.0'], ['/x/bin%2f..%2fy', '400.0'], ['http://localhost/bin', '404.8'],
    ['/%25252562in', '400.0']
  ])
})

t.test('denyUrlSequences: Microsoft\'s example, anywhere in the path and however it is encoded', async t => {
  await results(t, { denyUrlSequences: ['..', ':', '\\', 'Secret'], alwaysAllowedUrls: ['/my/secret/page'], allowDoubleEscaping: true }, [
    ['/a/../b', '404.5'], ['/a\\../b', '400.0'], ['/a..b', '404.5'], ['/a:b', '404.5'], ['/a%3ab', '404.5'], ['/a\\b', '404.5'], ['/a%5Cb', '404.5'], ['/a%255cb', '404.5'], ['/%2e%2e/', '404.5'],
    ['/the-secrets', '404.5'], ['/%53ECRET', '404.5'], ['/se%2563ret', '404.5'], ['/?secret=..', '200'], ['/sec/ret', '200'],
    ['/my/secret/page', '200'], ['/MY/secret/page?x', '200'], ['/my/secret/page/', '404.5'], ['/my/secret/page2', '404.5'], ['/my/secret%2fpage', '404.5'], ['/my/secret/%70age', '200']
  ])
})

t.test('denyQueryStringSequences: as they came and decoded, and only as they came', async t => {
  const sequences = { denyQueryStringSequences: ['bogus', 'drop table', '%3b', '<'], alwaysAllowedQueryStrings: ['q=bogus&x'] }
  await results(t, sequences, [
    ['/?bogus', '404.18'], ['/?a=BoGuS1', '404.18'], ['/?b%6fgus', '404.18'], ['/bogus', '200'], ['/?bog&us', '200'], ['/?drop%20table', '404.18'], ['/?drop+table', '404.18'], ['/?drop%2btable', '200'],
    ['/?a%3Bb', '404.18'], ['/?%3c', '404.18'], ['/?%253c', '200'], ['/?Q=bogus&x', '200'], ['/?q=bogus&x=', '404.18'], ['/?', '200'], ['/?%', '200']
  ])
  await results(t, { ...sequences, unescapeQueryString: false }, [['/?bogus', '404.18'], ['/?b%6fgus', '200'], ['/?%3B', '404.18']])
})

t.test('filteringRules: Microsoft\'s examples', async t => {
  await results(t, {
    filteringRules: [
      { name: 'SQLInjection', scanQueryString: true, appliesTo: ['.asp', '.aspx'], denyStrings: ['--', ';', '/*', 'char', 'drop'], denyUnescapedPercent: false },
      { name: 'Block Image Leeching', scanHeaders: ['User-agent'], appliesTo: ['.jpg'], denyStrings: ['leech-bot'] },
      { name: 'BlockFooInHeader', scanHeaders: ['Foo-Header:'], denyStrings: ['Foo', 'Bar'] },
      { name: 'url', scanUrl: true, denyStrings: ['cmd.exe'] },
      { name: 'all', scanAllRaw: true, denyStrings: ['x-bad: yes'] },
      { name: 'percent', scanQueryString: true, appliesTo: ['.php'], denyStrings: [] }
    ],
    allowDoubleEscaping: true
  }, [
    ['/a.asp?x=1--', '404.19'], ['/a.asp?x=%2D-', '404.19'], ['/a.ASPX?cHar', '404.19'], ['/a.htm?x=--', '200'], ['/a.asp?x=1', '200'], ['/a.asp;x?y=--', '404.19'], ['/a.asp?%', '200'],
    ['/a.jpg', '404.19', { more: 'User-Agent: Leech-Bot/1\r\n' }], ['/a.png', '200', { more: 'User-Agent: leech-bot\r\n' }],
    ['/', '404.19', { more: 'foo-header: a foo b\r\n' }], ['/', '404.19', { more: 'foo-header: a\r\nFoo-Header: bar\r\n' }], ['/', '200', { more: 'foo-header: f oo\r\n' }], ['/', '404.19', { more: 'foo-header: 100%\r\n' }],
    ['/CMD.EXE', '404.19'], ['/c%256dd.exe', '404.19'], ['/cmd', '200'],
    ['/', '404.19', { more: 'X-Bad: YES\r\n' }], ['/', '200', { more: 'X-Bad: no\r\n' }],
    ['/a.php?100%', '404.19'], ['/a.php?100%25', '200'], ['/a.php?%u0041', '404.19']
  ])
})

t.test('allowHighBitCharacters false: no character that is not ASCII, encoded or not', async t => {
  await results(t, { allowHighBitCharacters: false, allowDoubleEscaping: true }, [['/a', '200'], ['/caf%C3%A9', '404.12'], ['/caf%25C3%25A9', '404.12'], ['/?caf%C3%A9', '200']])
})

t.test('the parts are asked in their order', async t => {
  await results(t, { requestLimits: { maxUrl: 10 }, verbs: { verbs: { PUT: false } }, hiddenSegments: ['bin'], fileExtensions: { fileExtensions: { '.a': false } }, denyUrlSequences: ['x'], denyQueryStringSequences: ['y'], filteringRules: [{ name: 'z', scanUrl: true, denyStrings: ['z'] }] }, [
    ['/bin/xz%2561.a.a?y', '404.14', { method: 'PUT' }], ['/b/%2561x', '404.6', { method: 'PUT' }], ['/b/%2561x', '404.11'],
    ['/bin/xz.a?y', '404.5'], ['/bin/z.a?y', '404.7'], ['/bin/z?y', '404.8'], ['/z?y', '404.18'], ['/z', '404.19']
  ])
})

t.test('the README has every reason', async t => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  for (const substatus of ['404.5', '404.6', '404.7', '404.8', '404.11', '404.12', '404.14', '404.15', '404.18', '404.19', '413.1', '431']) t.match(readme, `| ${substatus} |`)
})

t.test('an answer names neither the rule nor what was found', async t => {
  const { port } = await serve(t, { requestFiltering: { hiddenSegments: ['bin'] } })
  t.notMatch((await wire(port, bytes('/bin'))).split('\r\n\r\n')[1], /bin|segment|filter\b/i)
})
