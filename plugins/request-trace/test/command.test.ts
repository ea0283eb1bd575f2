import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { run as runHere } from '../src/command/command.ts'
import { commandFor } from '../src/command/open-page.ts'
import { diagnose } from '../src/diagnosis/diagnose.ts'
import { toXml } from '../src/files/to-xml.ts'
import type { Trace } from '../src/trace/trace.ts'
import { answered, asked, close, closed, end, event, farewell, frame, handshake, sent, trace } from './hand-made.ts'

const CLI = fileURLToPath(new URL('../src/command/cli.ts', import.meta.url))
const TSX = new URL('../../../node_modules/tsx/dist/esm/index.mjs', import.meta.url).href
const NO_COLOURS = { TZ: 'UTC', NO_COLOR: '', FORCE_COLOR: '', TERM: 'xterm' }

interface Ran {
  readonly out: string
  readonly err: string
  readonly code: number
}

async function run (t: Test, folder: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [`--import=${TSX}`, '--conditions=@fastify-arr/source', CLI, ...args], { cwd: folder, env: { ...process.env, ...NO_COLOURS, ...env } })
  t.teardown(() => child.kill())
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', chunk => { out += chunk })
  child.stderr.setEncoding('utf8').on('data', chunk => { err += chunk })
  const [code] = await once(child, 'close')
  return { out, err, code }
}

/** The same in this process, which is faster: where what matters is what is asked. */
async function ask (args: readonly string[]): Promise<Ran> {
  let out = ''
  let err = ''
  const code = await runHere(args, { write: text => { out += text }, warn: text => { err += text }, colours: false, width: null })
  return { out, err, code }
}

const DAY = Date.UTC(2026, 10, 29)
const GOOD = trace([...handshake({ asked: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } }), frame(20, 'client', 1), frame(30, 'upstream', 1), ...farewell(900, 'client', 1000)], { id: 'fr000001', beganAt: DAY + 1_000, logId: '11111111-e908-40f2-9435-e3c23a2a6e31' })
const BAD = trace([
  ...handshake({ asked: { Origin: 'https://chat.example' }, sent: { Host: '127.0.0.1:8080' } }), ...Array.from({ length: 30 }, (_, index) => frame(100 + index, 'upstream', 1, 5, { Payload: `m${index}\u001b[31m` })),
  close(5_000, 'upstream', 1011, 'broken'), close(5_001, 'client', 1011), end(5_002, 'upstream'), closed(5_003, 'upstream', { CloseCode: 1011 })
], { id: 'fr000002', beganAt: DAY + 2_000, logId: '22222222-e908-40f2-9435-e3c23a2a6e31' })
const DOWN = trace([
  ...asked({ Host: 'shop.example' }), event(1, 'RULE_EVALUATION_START', { RuleName: 'to the shop' }), event(1, 'PATTERN_MATCH', { Pattern: '^socket', Input: 'socket', Negate: false, Matched: true }), event(1, 'RULE_EVALUATION_END', { RuleName: 'to the shop', Succeeded: true }),
  event(2, 'ATTEMPT_START', { Server: 'http://127.0.0.1:9' }), event(4, 'ATTEMPT_FAILED', { Server: 'http://127.0.0.1:9', Code: 'FST_ARR_UPSTREAM_REFUSED', SystemCode: 'ECONNREFUSED' })
], { id: 'fr000001', siteId: 2, siteName: 'shop', url: 'http://shop.example:80/socket', status: 502, subStatus: 3, beganAt: DAY + 3_000 })
const HERE = trace([...asked(), ...sent(), ...answered(404)], { id: 'fr000003', status: 404, beganAt: DAY })

// As IIS writes it: no word of ours.
const IIS = [
  '<?xml version="1.0" encoding="UTF-8" ?>', "<?xml-stylesheet type='text/xsl' href='freb.xsl'?>",
  '<failedRequest url="https://www.example.com:443/missing.js" siteId="179" appPoolId="pool" processId="18568" verb="GET" remoteUserName="" userName="" tokenUserName="" authenticationType="anonymous" activityId="{800000D9-0004-8F00-B63F-84710C7967BB}" failureReason="STATUS_CODE" statusCode="404" triggerStatusCode="404" timeTaken="16" xmlns:freb="http://schemas.microsoft.com/win/2006/06/iis/freb">',
  '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="WWW Server" Guid="{3A2A4E84-4C21-4981-AE10-3FDA0D9B0F83}"/><EventID>0</EventID><Version>1</Version><Level>3</Level><Opcode>16</Opcode><Keywords>0x100</Keywords><TimeCreated SystemTime="2026-02-08T20:59:16.465Z"/><Correlation ActivityID="{800000D9-0004-8F00-B63F-84710C7967BB}"/><Execution ProcessID="18568" ThreadID="48400"/><Computer>WEB01</Computer></System>',
  '<EventData><Data Name="ContextId">{800000D9-0004-8F00-B63F-84710C7967BB}</Data><Data Name="ModuleName">IIS Web Core</Data><Data Name="Notification">16</Data><Data Name="HttpStatus">404</Data><Data Name="HttpReason">Not Found</Data><Data Name="HttpSubStatus">0</Data><Data Name="ErrorCode">2147942402</Data><Data Name="ConfigExceptionInfo"></Data></EventData>',
  '<RenderingInfo Culture="en-US"><Opcode>MODULE_SET_RESPONSE_ERROR_STATUS</Opcode><Keywords><Keyword>RequestNotifications</Keyword></Keywords></RenderingInfo><ExtendedTracingInfo xmlns="http://schemas.microsoft.com/win/2004/08/events/trace"><EventGuid>{002E91E3-E7AE-44AB-8E07-99230FFA6ADE}</EventGuid></ExtendedTracingInfo></Event>',
  '</failedRequest>'
].join('\r\n')

/** A folder with traces of two sites. */
function folderOf (t: Test): string {
  const folder = t.testdir({ logs: { FailedReqLogFiles: { W3SVC1: {}, W3SVC2: {} } }, iis: { 'fr000009.xml': IIS } })
  const write = (site: string, one: Trace): void => writeFileSync(join(folder, 'logs', 'FailedReqLogFiles', site, `${one.id}.xml`), toXml({ ...one, findings: diagnose(one) }, 1_024))
  for (const one of [GOOD, BAD, HERE]) write('W3SVC1', one)
  write('W3SVC2', DOWN)
  return folder
}

const ids = ({ out }: Ran): string[] => out.split('\n').filter(line => line !== '').map(line => line.slice(0, 8))

t.test('the list is of the default folder, the newest first', async t => {
  const folder = folderOf(t)
  const all = await run(t, folder, [])
  t.equal(all.code, 0)
  t.equal(all.err, '')
  const lines = all.out.trimEnd().split('\n')
  t.equal(lines.length, 4)
  t.match(lines[0], /^fr000001 {2}2026-11-29 00:00:03 {2}GET {3}502\.3 .* http:\/\/shop\.example:80\/socket .*UPSTREAM_REFUSED$/)
  t.match(lines[1], /^fr000002 .*101 .*5\.0 s .*1011 by upstream {2}CLOSE_INTERNAL_ERROR$/)
  t.match(lines[2], /^fr000001 .*1000 by client$/)
  t.match(await run(t, join(folder, 'iis'), ['.', '--json', '--utc']), { code: 0, out: /"status":404.*"finding":"MODULE_SET_STATUS"/ }, 'a trace of IIS is read')
  t.match(JSON.parse((await run(t, folder, ['list', '--json', '-n', '1'])).out), { id: 'fr000001', beganAt: '2026-11-29T00:00:03.000Z', status: 502, subStatus: 3, finding: 'UPSTREAM_REFUSED', findings: ['UPSTREAM_REFUSED'], site: 'shop', close: '' })
})

t.test('filters', async t => {
  const folder = folderOf(t)
  const asks: Array<[args: string[], found: string[]]> = [
    [['--status', '5xx'], ['fr000001']],
    [['--status', '502.3,404'], ['fr000001', 'fr000003']],
    [['--status', '502.4'], []],
    [['--host', 'shop.*'], ['fr000001']],
    [['--site', 'chat', '--close', '1011'], ['fr000002']],
    [['--close', '-', '--status', '404'], ['fr000003']],
    [['--finding', 'close-internal-error'], ['fr000002']],
    [['--finding', 'UPSTREAM_*'], ['fr000001']],
    [['--severity', 'error'], ['fr000001', 'fr000002', 'fr000003']],
    [['--path', '/sock', '--ending', 'end'], ['fr000002', 'fr000001']],
    [['--path', '*ket', '-w'], ['fr000001', 'fr000002', 'fr000001', 'fr000003']],
    [['--longer', '2s'], ['fr000002']],
    [['--shorter', '10ms'], ['fr000001', 'fr000003']],
    [['--since', '2026-11-29 00:00:02', '--until', '2026-11-29 00:00:03'], ['fr000002']],
    [['--where', 'closedby=upstream'], ['fr000002']],
    [['--where', 'RuleName=to *', '--method', 'GET', '--client', '192.0.2.7'], ['fr000001']],
    [[join(folder, 'logs', 'FailedReqLogFiles', 'W3SVC1', 'fr000002.xml')], ['fr000002']]
  ]
  for (const [args, found] of asks) t.same(ids(await ask([...args, '--utc', '--folder', join(folder, 'logs', 'FailedReqLogFiles')])), found, args.join(' '))
})

t.test('the story of one trace, by its file, its id or its X-ARR-LOG-ID', async t => {
  const folder = folderOf(t)
  const { out, code } = await run(t, folder, ['show', 'fr000002'])
  t.equal(code, 0)
  for (const part of [/CLOSE_INTERNAL_ERROR {2}The upstream closed with 1011 "broken"/, /→ Look at its log/, /events \d+\. WEBSOCKET_CLOSE_FRAME/, /~ Host +chat\.example +127\.0\.0\.1:8080/, / {4}Upgrade +websocket +=/, /← upstream text/, /… \d+ lines more: --all/, /Close from upstream 1011 \(Internal Error\) "broken"/, /socket of upstream: ended in order/]) t.match(out, part)
  // eslint-disable-next-line no-control-regex
  t.notMatch(out, /\u001b/, 'nothing in a trace reaches the terminal as an escape')
  t.match((await run(t, folder, ['show', '--all', 'W3SVC1/fr000002'])).out, /m15/)
  t.match(await run(t, folder, ['show', '22222222-E908-40F2-9435-E3C23A2A6E31']), { out: /^fr000002/ })
  t.match((await run(t, folder, ['show', 'W3SVC2/fr000001'])).out, /rule to the shop: applied[^]*FST_ARR_UPSTREAM_REFUSED ECONNREFUSED/)
  t.match(JSON.parse((await run(t, folder, ['show', '--json', 'fr000002'])).out), { id: 'fr000002', findings: [{ code: 'CLOSE_INTERNAL_ERROR' }] })
  t.match(await run(t, folder, ['show', 'fr000001']), { code: 2, err: /is the name of 2 traces/ })
  t.match(await run(t, folder, ['show', 'fr000077']), { code: 2, err: /no such trace in .*FailedReqLogFiles/ })
  t.match((await run(t, folder, ['show', join('iis', 'fr000009.xml')])).out, /MODULE_SET_STATUS {2}The module IIS Web Core set 404\.0 \(Not Found\)/)
})

t.test('two handshakes compared: what differs, but for chance, and exit code 1', async t => {
  const folder = folderOf(t)
  const { out, code } = await run(t, folder, ['compare', 'W3SVC1/fr000001', 'fr000002'])
  t.equal(code, 1)
  t.match(out, /request\n {2}Sec-WebSocket-Extensions\n {4}- permessage-deflate\n {4}\+ \(none\)\n {2}Origin\n {4}- \(none\)\n {4}\+ https:\/\/chat\.example/)
  t.match(out, /sent\n {2}Host\n {4}- chat\.example\n {4}\+ 127\.0\.0\.1:8080\n\nending/, 'what the request has said is not said again')
  t.match(out, /close\n {4}- 1000\n {4}\+ 1011/)
  t.notMatch(out, /Sec-WebSocket-Key/)
  const same = await run(t, folder, ['compare', 'fr000002', 'fr000002'])
  t.equal(same.code, 0)
  t.match(same.out, /Nothing differs/)
  t.match(JSON.parse((await run(t, folder, ['compare', '--json', 'W3SVC1/fr000001', 'fr000002'])).out), [{ part: 'request', name: 'Sec-WebSocket-Extensions', one: 'permessage-deflate', other: null }])
})

t.test('an archive of several traces, and the findings counted', async t => {
  const folder = folderOf(t)
  const har = JSON.parse((await run(t, folder, ['har', 'W3SVC1/fr000001', 'fr000002'])).out) as { log: { version: string, entries: unknown[] } }
  t.equal(har.log.version, '1.2')
  t.ok(har.log.entries.length >= 2)
  t.match(await run(t, folder, ['har', 'fr000002', '--out', 'one.har']), { code: 0, out: '' })
  t.ok(JSON.parse(readFileSync(join(folder, 'one.har'), 'utf8')))
  t.match((await run(t, folder, ['findings'])).out, /^ +1 {2}CLOSE_INTERNAL_ERROR +fr000002 {2}1011: a side failed\n[^]*in 4 traces\n$/)
  t.match(JSON.parse((await run(t, folder, ['findings', '--json', '--status', '502'])).out), { code: 'UPSTREAM_REFUSED', severity: 'error', count: 1, newest: 'fr000001' })
})

t.test('the page is written where it is not there, and opened', async t => {
  const folder = folderOf(t)
  // A browser of the test's own, which tells what it was given.
  const browser = join(folder, 'browser.sh')
  writeFileSync(browser, `#!/bin/sh\nprintf %s "$1" > '${join(folder, 'opened')}'\n`)
  chmodSync(browser, 0o755)
  const page = join(folder, 'logs', 'FailedReqLogFiles', 'W3SVC1', 'fr000002.html')
  if (process.platform !== 'win32') {
    t.match(await run(t, folder, ['open', 'fr000002'], { BROWSER: browser }), { code: 0, out: /fr000002\.html\n$/ })
    t.ok(existsSync(page))
    t.match(readFileSync(join(folder, 'opened'), 'utf8'), /fr000002\.html$/)
  }
  writeFileSync(page, 'mine')
  t.match(await run(t, folder, ['open', page], { BROWSER: join(folder, 'there-is-none') }), { code: 0, out: /no browser could be opened/ })
  t.equal(readFileSync(page, 'utf8'), 'mine', 'what is there stays')
  t.same(commandFor('/a b.html', 'darwin', {}), ['open', '/a b.html'])
  t.same(commandFor('/a.html', 'linux', {}), ['xdg-open', '/a.html'])
  t.same(commandFor('C:\\a&b.html', 'win32', {})[0], 'cmd')
})

t.test('what is wrong is said, with what was probably meant', async t => {
  const folder = folderOf(t)
  mkdirSync(join(folder, 'bad'))
  writeFileSync(join(folder, 'bad', 'fr000001.xml'), '<failedRequest')
  const wrong: Array<[args: string[], code: number, err: RegExp]> = [
    [['--statsu', '4'], 2, /no option --statsu: did you mean --status\?/],
    [['shwo', 'fr000001'], 2, /did you mean the command show\?/],
    [['--status', 'many'], 2, /"many" is not a status/],
    [['--finding', 'UPSTREAM_REFUSE'], 2, /did you mean UPSTREAM_REFUSED\?/],
    [['--since', 'never'], 2, /"never" is no moment/],
    [['--where', 'x'], 2, /not name=text/],
    [['compare', 'fr000002'], 2, /takes two traces/],
    [['show', '--host', 'a', 'fr000002'], 2, /--host is not for show/],
    [['--top', '0'], 2, /no number of rows/],
    [[join(folder, 'bad')], 1, /fr000001\.xml: no trace/],
    [['show', join(folder, 'bad', 'fr000001.xml')], 2, /no trace/]
  ]
  for (const [args, code, err] of wrong) t.match(await ask([...args, '--folder', join(folder, 'logs', 'FailedReqLogFiles')]), { code, err }, args.join(' '))
  t.match(await run(t, folder, ['bad']), { code: 1, err: /no trace/ })
  t.match(await run(t, join(folder, 'iis'), []), { code: 2, err: /no folder FailedReqLogFiles/ })
})

t.test('colours where they are wanted, help on one screen', async t => {
  const folder = folderOf(t)
  // eslint-disable-next-line no-control-regex
  const escape = /\u001b\[/
  t.match((await run(t, folder, [], { FORCE_COLOR: '1' })).out, escape)
  t.notMatch((await run(t, folder, [], { FORCE_COLOR: '1', NO_COLOR: '1' })).out, escape)
  t.notMatch((await run(t, folder, ['--no-color'], { FORCE_COLOR: '1' })).out, escape)
  t.notMatch((await run(t, folder, [])).out, escape)
  t.match(await run(t, folder, ['--version']), { out: /^\d+\.\d+\.\d+.*\n$/, code: 0 })
  const help = (await run(t, folder, ['--help'])).out
  t.ok(help.split('\n').length <= 24 && help.split('\n').every(line => line.length <= 90), help)
})
