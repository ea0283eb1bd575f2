// What becomes of Failed Request Tracing: rules of request-trace, for the sites that trace.
import fc from 'fast-check'
import { test } from 'tap'
import { readConfigText, type IisConfig, type RequestTraceOptions, type Row } from '../src/index.ts'
import { location, readServer } from './copied.ts'

const WWW = '<traceAreas><add provider="WWW Server" areas="Authentication,Security,Filter,StaticFile,CGI,Compression,Cache,RequestNotifications,Module,Rewrite,RequestRouting" verbosity="Verbose" /></traceAreas>'
const add = (path: string, failure = 'statusCodes="502"', areas = WWW, more = ''): string => `<add path="${path}" ${more}>${areas}<failureDefinitions ${failure} /></add>`
const traced = (...inside: string[]): string => `<system.webServer><tracing><traceFailedRequests>${inside.join('')}</traceFailedRequests></tracing></system.webServer>`
const sites = (switches: Readonly<Record<string, string>>, defaults = ''): string => `<system.applicationHost><sites>${Object.entries(switches).map(([name, inside]) => `<site name="${name}"><bindings />${inside}</site>`).join('')}<siteDefaults>${defaults}</siteDefaults></sites></system.applicationHost>`
const on = (attributes = ''): string => `<traceFailedRequestsLogging enabled="true" ${attributes} />`
const OFF = '<traceFailedRequestsLogging enabled="false" />'
const read = (inside: string, file = 'applicationHost.config'): IisConfig => readConfigText(`<configuration>${inside}</configuration>`, file)
const traces = ({ options }: IisConfig): RequestTraceOptions | undefined => options.requestTrace
const row = ({ report }: IisConfig, path: string): Row | undefined => report.rows.find(one => one.path.endsWith(path))

test('a rule as IIS Manager writes it: what fails is traced, and the other providers are told', async t => {
  const config = read(sites({ Shop: on('directory="%SystemDrive%\\inetpub\\logs\\FailedReqLogFiles" maxLogFiles="100" maxLogFileSizeKB="2048"') }) + traced(add('*', 'timeTaken="00:00:30" statusCodes="400-999, 101,404.13" verbosity="Error"', `<traceAreas>
    <add provider="ASP" verbosity="Verbose" /><add provider="ASPNET" areas="Infrastructure,Module,Page,AppServices" verbosity="Verbose" /><add provider="ISAPI Extension" verbosity="Verbose" />
    <add provider="WWW Server" areas="Authentication,Security,Filter,StaticFile,CGI,Compression,Cache,RequestNotifications,Module,Rewrite,RequestRouting" verbosity="Verbose" /></traceAreas>`)))
  t.strictSame(traces(config), { rules: [{ statusCodes: '400-599,101,404.13', timeTaken: 30_000, verbosity: 'Error' }], maxLogFiles: 100, maxLogFileSizeKB: 2048 })
  for (const at of [1, 2, 3]) t.match(row(config, `traceAreas/add[${at}]`), { status: 'unsupported', note: 'runs inside IIS' })
  t.match(row(config, 'traceAreas/add[4]/@areas'), { status: 'difference', note: 'Authentication, Security, Filter, StaticFile, CGI, Compression, Cache, Module' })
  t.match(row(config, '@timeTaken'), { status: 'difference', note: 'handshake' })
  t.match(row(config, '@directory'), { class: 'default' })
  t.match(config.rowsOf(traces(config)?.rules[0] as object)[0], { name: 'add' })
})

test('areas and their verbosity; general events and those of WebSockets are recorded with them', async t => {
  const areas = (attributes: string): unknown => traces(read(traced(add('*', 'statusCodes="500"', `<traceAreas><clear /><add provider="ASP" /><remove provider="asp" /><add provider="WWW Server" ${attributes} /></traceAreas>`)), 'web.config'))?.rules[0]?.areas
  t.strictSame(areas('areas="Rewrite,RequestRouting" verbosity="Verbose"'), { General: 'Verbose', Rewrite: 'Verbose', RequestRouting: 'Verbose', WebSocket: 'Verbose' })
  t.strictSame(areas('areas="rewrite"'), { General: 'Warning', Rewrite: 'Warning', WebSocket: 'Warning' }, 'the schema\'s default')
  t.strictSame(areas('verbosity="information"'), { General: 'Information', RequestNotifications: 'Information', Rewrite: 'Information', RequestRouting: 'Information', WebSocket: 'Information' })
  t.equal(areas('areas="Module,Rewrite,RequestRouting,RequestNotifications" verbosity="Verbose"'), undefined, 'all')
  const none = read(traced(add('*', 'statusCodes="500"', '')), 'web.config')
  t.strictSame(traces(none), { rules: [{ statusCodes: '500' }] })
  t.match(row(none, 'traceFailedRequests/add'), { note: 'all are recorded' })
})

test('only sites whose logging is enabled are traced', async t => {
  const rule = traced(add('*'))
  t.strictSame(traces(read(sites({ a: on(), b: OFF, c: '' }) + rule))?.rules, [{ site: 'a', statusCodes: '502' }])
  t.strictSame(traces(read(sites({ a: on(), b: '' }, on()) + rule))?.rules, [{ statusCodes: '502' }], 'all of them')
  t.strictSame(traces(read(sites({ a: '', b: OFF }, on()) + rule))?.rules, [{ site: 'a', statusCodes: '502' }])
  const off = read(sites({ a: OFF }) + rule)
  t.strictSame(traces(off), { rules: [] }, 'the file says that nothing is traced')
  t.match(row(off, 'traceFailedRequests/add'), { status: 'used', note: 'not enabled' })
  t.ok(off.report.complete)
  t.equal(traces(read(sites({ a: '' }, '<traceFailedRequestsLogging directory="%SystemDrive%\\inetpub\\logs\\FailedReqLogFiles" />') + traced())), undefined, 'and as IIS ships it, it says nothing')
  t.strictSame(traces(read(sites({ a: on() }))), { rules: [] }, 'without a rule nothing is traced')
  const alone = read(rule, 'web.config')
  t.strictSame(traces(alone), { rules: [{ statusCodes: '502' }] }, 'a web.config alone does not have the switch')
  t.match(row(alone, 'traceFailedRequests/add'), { status: 'difference', note: 'applicationHost.config' })
})

test('a pattern is local to its directory, and the inner directory is before the outer', async t => {
  const config = read(sites({ Shop: on(), Blog: on() }) + traced(add('*')) +
    location('Shop', traced(add('*.aspx'), add('x.js'), add('/'))) + location('Shop/app', traced(add('*', 'timeTaken="00:00:01"'), add('api*'), add('/'), add('/in/*'))))
  t.strictSame(traces(config)?.rules.map(({ site, path }) => `${site ?? ''} ${path ?? ''}`), [
    'Shop /app', 'Shop /app/*', 'Shop /app/api*', 'Shop /app/*/api*', 'Shop /app', 'Shop /app/', 'Shop /app/in/*',
    'Shop /*.aspx', 'Shop /x.js', 'Shop /*/x.js', 'Shop /', ' '
  ])
  t.match(traces(config)?.rules[0], { timeTaken: 1000 })
})

test('the web.config files of a server add to each other', async t => {
  const config = readServer(t, traced(add('*', 'statusCodes="500"')), {
    'C/shop/web.config': traced('<remove path="*" />', add('*', 'statusCodes="404"')),
    'D/app/web.config': traced('<clear />', add('a', 'statusCodes="403"')),
    'C/blog/web.config': traced('<clear />')
  })
  t.strictSame(traces(config), undefined, 'no site traces')
  const server = read(sites({ Shop: on() }) + traced(add('*', 'statusCodes="500"')) + location('Shop', traced('<remove path="*" />', add('*', 'statusCodes="404"'))) + location('Shop/app', traced('<clear />')))
  t.strictSame(traces(server)?.rules, [{ site: 'Shop', statusCodes: '404' }, { statusCodes: '500' }])
  t.match(row(server, 'location[1]/system.webServer/tracing/traceFailedRequests/remove'), { status: 'used' })
  t.match(row(server, 'location[2]/system.webServer/tracing/traceFailedRequests/clear'), { status: 'difference', note: 'traced here all the same' })
})

test('a rule without a failure traces nothing; what is no status is lost; no program is started', async t => {
  const config = read(traced(add('*', 'verbosity="Ignore" traceAllAfterTimeout="true"'), add('b', 'statusCodes="4xx, 500,500-400" timeTaken="00:00:00"', WWW, 'customActionExe="C:\\a.exe" customActionParams="x" customActionTriggerLimit="1"'), add('c', 'statusCodes="600-999,700"'), add('d?.js', 'timeTaken="00:00:01.5005"')), 'web.config')
  t.strictSame(traces(config)?.rules.map(({ path, statusCodes }) => `${path ?? ''} ${statusCodes ?? ''}`), ['/b 500', '/*/b 500', '/d*.js ', '/*/d*.js '])
  t.equal(traces(config)?.rules[2]?.timeTaken, 1501)
  t.match(row(config, 'add[4]/@path'), { status: 'difference', note: 'question mark' })
  t.match(row(config, 'traceFailedRequests/add[1]'), { note: 'names no failure' })
  t.match(row(config, 'add[1]/failureDefinitions/@traceAllAfterTimeout'), { status: 'difference' })
  t.match(row(config, 'add[2]/failureDefinitions/@statusCodes'), { status: 'unsupported', note: '4xx, 500-400' })
  for (const name of ['customActionExe', 'customActionParams', 'customActionTriggerLimit']) t.match(row(config, `add[2]/@${name}`), { status: 'unsupported', note: 'no program' })
  t.match(row(read(sites({ a: '<traceFailedRequestsLogging enabled="true" customActionsEnabled="true" />' })), '@customActionsEnabled'), { status: 'difference' })
})

test('the folder and the sizes are those of the first site that traces', async t => {
  const config = read(sites({ a: OFF, b: on('directory="/var/traces" maxLogFiles="10"'), c: on('directory="D:\\traces" maxLogFiles="20"') }, '<traceFailedRequestsLogging maxLogFileSizeKB="512" />') + traced(add('*')))
  t.strictSame(traces(config), { rules: [{ site: 'b', statusCodes: '502' }, { site: 'c', statusCodes: '502' }], directory: '/var/traces', maxLogFiles: 10, maxLogFileSizeKB: 512 })
  t.match(row(config, 'site[3]/traceFailedRequestsLogging/@maxLogFiles'), { status: 'difference', note: 'one folder and one size' })
  t.match(row(config, 'site[3]/traceFailedRequestsLogging/@directory'), { status: 'difference', note: 'a path of Windows' })
  t.throws(() => read(sites({ a: on('maxLogFiles="0"') })), { message: /maxLogFiles="0" is not a whole number from 1 to 10000/ })
})

test('whatever the sections say, each part has one row, and rules have a failure', async t => {
  const word = (...values: string[]): fc.Arbitrary<string> => fc.constantFrom(...values)
  const attributes = (...all: ReadonlyArray<readonly [string, fc.Arbitrary<string>]>): fc.Arbitrary<string> => fc.tuple(...all.map(([name, value]) => fc.option(value.map(one => `${name}="${one}"`), { nil: '' }))).map(list => list.join(' '))
  const failure = attributes(['statusCodes', word('400', '400-999', '404.2,500', 'x', '')], ['timeTaken', word('00:00:00', '00:00:30')], ['verbosity', word('Ignore', 'error', '3')], ['traceAllAfterTimeout', word('true', 'false')])
  const areas = attributes(['areas', word('', 'Rewrite', 'Module', 'Rewrite,RequestRouting')], ['verbosity', word('Verbose', 'general')])
  const one = fc.tuple(word('*', '/', '*.aspx', 'a', '/a/*'), failure, areas, word('WWW Server', 'ASP')).map(([path, failure, areas, provider]) => [path, add(path, failure, `<traceAreas><add provider="${provider}" ${areas} /></traceAreas>`)] as const)
  const list = fc.uniqueArray(one, { maxLength: 3, selector: ([path]) => path }).map(all => all.map(([, text]) => text))
  const flags = fc.option(attributes(['enabled', word('true', 'false')], ['directory', word('', '%SystemDrive%\\x', 'x')], ['maxLogFiles', word('1', '50')]).map(text => `<traceFailedRequestsLogging ${text} />`), { nil: '' })
  await fc.assert(fc.asyncProperty(list, list, flags, flags, flags, async (outer, inner, a, b, defaults) => {
    const config = read(sites({ A: a, B: b }, defaults) + traced(...outer) + location('A/in', traced('<clear />', ...inner)))
    const paths = config.report.rows.map(({ path }) => path)
    if (new Set(paths).size !== paths.length) throw new Error('told twice')
    const untold = config.report.rows.filter(({ note }) => /has no attribute|is not an element/.test(note ?? ''))
    if (untold.length > 0) throw new Error(`not told: ${untold.map(({ path }) => path).join()}`)
    for (const rule of traces(config)?.rules ?? []) {
      if (rule.statusCodes === undefined && rule.timeTaken === undefined && rule.verbosity === undefined) throw new Error('a rule without a failure')
      if (config.rowsOf(rule).length === 0) throw new Error('a rule without rows')
    }
  }), { numRuns: 200 })
  t.pass()
})
