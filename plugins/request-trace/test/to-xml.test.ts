// The XML: shaped as IIS's own files, and well-formed whatever a trace holds.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { SaxesParser } from 'saxes'
import t, { type Test } from 'tap'
import { toXml } from '../src/files/to-xml.ts'
import type { Trace } from '../src/trace/trace.ts'
import { HOSTILE, hostileTrace, nameable, refusedTrace, webSocketTrace } from './traces.ts'

const run = promisify(execFile)

/** Fails at the first thing that is not well-formed. */
function parse (xml: string): void {
  const parser = new SaxesParser({ xmlns: true })
  parser.on('error', error => { throw error })
  parser.write(xml).close()
}

/** The event with this name, from `<Event` to `</Event>`. */
function eventOf (xml: string, name: string): string {
  return xml.split('<Event ').find(event => event.includes(`<Opcode>${name}</Opcode>`)) ?? ''
}

t.test('the file begins as those of IIS do: the prolog, the style sheet, the comment, the root in no namespace', async t => {
  const xml = toXml(refusedTrace, 0)
  t.equal(xml.slice(0, xml.indexOf('<Event')), [
    '<?xml version="1.0" encoding="UTF-8" ?>',
    "<?xml-stylesheet type='text/xsl' href='freb.xsl'?>",
    '<!-- saved from url=(0014)about:internet -->',
    '<failedRequest url="http://shop.example:80/cart"',
    '               siteId="1"',
    '               appPoolId="fastify"',
    '               processId="4711"',
    '               verb="GET"',
    '               remoteUserName=""',
    '               userName=""',
    '               tokenUserName=""',
    '               authenticationType="anonymous"',
    '               activityId="{80004585-E908-40F2-9435-E3C23A2A6E31}"',
    '               failureReason="STATUS_CODE"',
    '               statusCode="502.3"',
    '               triggerStatusCode="502.3"',
    '               timeTaken="4"',
    '               xmlns:freb="http://schemas.microsoft.com/win/2006/06/iis/freb"',
    '               >', ''
  ].join('\r\n'))
  t.ok(xml.endsWith('\r\n</failedRequest>'))
  t.notMatch(xml.replaceAll('\r\n', ''), /[\r\n]/, 'each line ends in CR LF')
})

t.test('an event of IIS has its provider, numbers, keywords, values and family', async t => {
  t.equal(eventOf(toXml(refusedTrace, 0), 'MODULE_SET_RESPONSE_ERROR_STATUS').replace(/ThreadID="\d+"/, 'ThreadID="0"'), [
    'xmlns="http://schemas.microsoft.com/win/2004/08/events/event">',
    ' <System>',
    '  <Provider Name="WWW Server" Guid="{3A2A4E84-4C21-4981-AE10-3FDA0D9B0F83}"/>',
    '  <EventID>0</EventID>',
    '  <Version>1</Version>',
    '  <Level>3</Level>',
    '  <Opcode>16</Opcode>',
    '  <Keywords>0x100</Keywords>',
    '  <TimeCreated SystemTime="2026-11-29T12:00:00.002Z"/>',
    '  <Correlation ActivityID="{80004585-E908-40F2-9435-E3C23A2A6E31}"/>',
    '  <Execution ProcessID="4711" ThreadID="0"/>',
    '  <Computer>WEB01</Computer>',
    ' </System>',
    ' <EventData>',
    '  <Data Name="ContextId">{80004585-E908-40F2-9435-E3C23A2A6E31}</Data>',
    '  <Data Name="ModuleName">ApplicationRequestRouting</Data>',
    '  <Data Name="Notification">128</Data>',
    '  <Data Name="HttpStatus">502</Data>',
    '  <Data Name="HttpReason">Bad Gateway</Data>',
    '  <Data Name="HttpSubStatus">3</Data>',
    '  <Data Name="ErrorCode">2147954429</Data>',
    '  <Data Name="ConfigExceptionInfo"></Data>',
    ' </EventData>',
    ' <RenderingInfo Culture="en-US">',
    '  <Opcode>MODULE_SET_RESPONSE_ERROR_STATUS</Opcode>',
    '  <Keywords>',
    '   <Keyword>RequestNotifications</Keyword>',
    '  </Keywords>',
    '  <freb:Description Data="Notification">EXECUTE_REQUEST_HANDLER</freb:Description>',
    '  <freb:Description Data="ErrorCode">A connection with the server could not be established (0x80072efd)</freb:Description>',
    ' </RenderingInfo>',
    ' <ExtendedTracingInfo xmlns="http://schemas.microsoft.com/win/2004/08/events/trace">',
    '  <EventGuid>{002E91E3-E7AE-44AB-8E07-99230FFA6ADE}</EventGuid>',
    ' </ExtendedTracingInfo>',
    '</Event>', ''
  ].join('\r\n'))
})

t.test('the values that are numbers in IIS are described as there', async t => {
  const xml = toXml(webSocketTrace, 0)
  for (const [event, description] of [
    ['URL_REWRITE_START', 'Data="Scope">Global<'], ['URL_REWRITE_START', 'Data="Type">Inbound<'], ['RULE_EVALUATION_START', 'Data="PatternSyntax">Regex<'],
    ['CONDITIONS_EVALUATION_START', 'Data="LogicalGrouping">MatchAll<'], ['CONDITION_EVALUATION', 'Data="MatchType">Pattern<'],
    ['WEBSOCKET_CLOSED', 'Data="CloseCode">Internal Error<'], ['WEBSOCKET_FRAME', 'Data="Opcode">text<']
  ] as const) t.match(eventOf(xml, event), `<freb:Description ${description}`, event)
  t.match(eventOf(toXml(refusedTrace, 0), 'GENERAL_FLUSH_RESPONSE_END'), 'The operation completed successfully. (0x0)')
  t.match(eventOf(xml, 'URL_REWRITE_START'), '<Keywords>0x400</Keywords>')
  t.match(eventOf(xml, 'URL_REWRITE_START'), '{0469ABFA-1BB2-466A-B645-E3E15A02F38B}')
  t.match(eventOf(xml, 'ARR_REQUEST_HEADERS_START'), '<Keywords>0x800</Keywords>')
  t.match(eventOf(xml, 'WEBSOCKET_OPEN'), 'Name="fastify-arr" Guid="{7B1E2C54-96D3-4F0A-8C21-5D0F9A3E6B17}"')
})

t.test('a list of headers has its line breaks in the element, as in IIS', async t => {
  t.match(eventOf(toXml(refusedTrace, 0), 'GENERAL_REQUEST_HEADERS'), '<Data Name="Headers">Host: shop.example\r\nAccept: */*\r\n</Data>')
})

t.test('a finding is an event, so that viewers list it among errors and warnings', async t => {
  const events = toXml(webSocketTrace, 0).split('<Event ').filter(event => event.includes('<Opcode>FINDING</Opcode>'))
  t.same(events.map(event => /<Level>(\d)/.exec(event)?.[1]), ['3', '2'])
  t.match(events[1], '<Data Name="Sentence">The upstream closed the WebSocket with 1011 (Internal Error): database went away.</Data>')
})

t.test('without a log id the activity id is made of the trace: the same each time, and another for another trace', async t => {
  const idOf = (trace: Trace): string => /activityId="(\{8000[0-9A-F]{4}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}\})"/.exec(toXml(trace, 0))?.[1] ?? ''
  const without = { ...refusedTrace, logId: '' }
  t.not(idOf(without), '')
  t.equal(idOf(without), idOf({ ...without }))
  t.not(idOf(without), idOf({ ...without, id: 'fr000009' }))
})

t.test('a client that got nothing, and a trigger that is no status, are 0 as in IIS', async t => {
  const xml = toXml({ ...refusedTrace, status: null, subStatus: 0, trigger: '', failureReason: 'TIME_TAKEN' }, 0)
  t.match(xml, /failureReason="TIME_TAKEN"\r\n +statusCode="0"\r\n +triggerStatusCode="0"/)
})

for (const text of HOSTILE) {
  t.test(`what a client sends never breaks the file: ${nameable(text)}`, async t => {
    const xml = toXml(hostileTrace(text), 0)
    t.doesNotThrow(() => parse(xml))
    t.equal(xml.split('<Event ').length, webSocketTrace.events.length + 2, 'no event more, none less')
    t.equal(Buffer.from(xml).toString(), xml, 'no half of a surrogate pair')
  })
}

t.test('headers of 64 KiB are whole, and so is the file', async t => {
  const value = `${'x'.repeat(65_536)}\u0000]]>`
  const xml = toXml(hostileTrace(value), 0)
  t.doesNotThrow(() => parse(xml))
  t.match(xml, `X-Hostile: ${'x'.repeat(65_536)}\uFFFD]]&gt;\r\n`)
})

t.test('over its size the list of events is cut, and the cut is told last', async t => {
  const frames = Array.from({ length: 2000 }, (_, at) => ({ time: 30 + at, name: 'WEBSOCKET_FRAME', data: { From: 'client', Opcode: 1, Payload: `${at}` } }))
  const long: Trace = { ...webSocketTrace, events: [...webSocketTrace.events, ...frames] }
  for (const most of [16, 64, 256, 1024]) {
    const xml = toXml(long, most)
    const size = Buffer.byteLength(xml)
    t.ok(size <= most * 1024, `${size} bytes are at most ${most} KiB`)
    t.ok(size > most * 1024 * 0.98 - 3000, `${size} bytes are nearly ${most} KiB`)
    t.doesNotThrow(() => parse(xml))
    const names = [...xml.matchAll(/ {2}<Opcode>([A-Z_]+)<\/Opcode>/g)].map(([, name]) => name)
    t.equal(names.at(-1), 'LOG_FILE_MAX_SIZE_TRUNCATE')
    t.same(names.slice(-3, -1), ['FINDING', 'FINDING'], 'the findings are there')
    t.match(xml, `<Data Name="Skipped">${long.events.length - (names.length - 3)}</Data>`)
  }
  t.notMatch(toXml(long, 0), 'LOG_FILE_MAX_SIZE_TRUNCATE')
  t.doesNotThrow(() => parse(toXml(long, 1)), 'also where there is hardly any room')
})

/** What `t.test` takes as its `skip`. */
async function missing (command: string, ...argument: string[]): Promise<false | string> {
  return await run(command, argument).then(() => false as const, () => `${command} is not installed`)
}

/** A file of the test's own. */
async function fileOf (t: Test, name: string, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'trace-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, name), text)
  return join(folder, name)
}

t.test('Python’s ElementTree reads it as scripts for IIS’s traces do', { skip: await missing('python3', '-c', 'import xml.etree.ElementTree') }, async t => {
  const script = `
import sys, xml.etree.ElementTree as ET
ev = '{http://schemas.microsoft.com/win/2004/08/events/event}'
freb = '{http://schemas.microsoft.com/win/2006/06/iis/freb}'
root = ET.parse(sys.argv[1]).getroot()
print(root.tag, root.get('statusCode'), root.get('appPoolId'), len(root.findall(ev + 'Event')))
for event in root.findall(ev + 'Event'):
    if 0 < int(event.find(ev + 'System/' + ev + 'Level').text) <= 3:
        print(event.find(ev + 'RenderingInfo/' + ev + 'Opcode').text, [d.text for d in event.iter(freb + 'Description')][-1:])
`
  const { stdout } = await run('python3', ['-c', script, await fileOf(t, 'fr000002.xml', toXml(refusedTrace, 0))])
  t.same(stdout.trim().split(/\r?\n/), [
    'failedRequest 502.3 fastify 8', 'ATTEMPT_FAILED []', "MODULE_SET_RESPONSE_ERROR_STATUS ['A connection with the server could not be established (0x80072efd)']"
  ])
  for (const text of HOSTILE) await run('python3', ['-c', script, await fileOf(t, 'hostile.xml', toXml(hostileTrace(text), 0))])
})

t.test('a style sheet that selects as IIS’s does finds what it looks for', { skip: await missing('xsltproc', '--version') }, async t => {
  const sheet = `<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:ev="http://schemas.microsoft.com/win/2004/08/events/event"><xsl:output method="text"/>
<xsl:template match="/"><xsl:value-of select="failedRequest/@url"/>|<xsl:for-each select="failedRequest/ev:Event[ev:System/ev:Level &lt;= 3 and ev:System/ev:Level &gt; 0]"><xsl:value-of select="ev:RenderingInfo/ev:Opcode"/>|</xsl:for-each></xsl:template></xsl:stylesheet>`
  const { stdout } = await run('xsltproc', [await fileOf(t, 'sheet.xsl', sheet), await fileOf(t, 'fr000001.xml', toXml(refusedTrace, 0))])
  t.equal(stdout, 'http://shop.example:80/cart|ATTEMPT_FAILED|MODULE_SET_RESPONSE_ERROR_STATUS|')
})
