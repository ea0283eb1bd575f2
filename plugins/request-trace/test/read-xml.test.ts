// Traces come back from their files: ours as they were, IIS's with every event.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { withoutForbidden } from '../src/files/xml/escape-xml.ts'
import { toXml } from '../src/files/to-xml.ts'
import { readXml } from '../src/reader/read-xml.ts'
import { EVENTS, type EventName } from '../src/trace/events.ts'
import type { Trace, TraceEvent } from '../src/trace/trace.ts'
import { HOSTILE, hostileTrace, nameable, refusedTrace, webSocketTrace } from './traces.ts'

/** What comes back: XML has no way to write some characters. */
function readable (trace: Trace): Trace {
  return JSON.parse(JSON.stringify(trace), (_, value) => typeof value === 'string' ? withoutForbidden(value) : value) as Trace
}

for (const trace of [webSocketTrace, refusedTrace, ...HOSTILE.map(hostileTrace)]) {
  t.test(`a trace comes back as it was: ${nameable(trace.url)}`, async t => t.same(readXml(toXml(trace, 0)), readable(trace)))
}

const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map(number => number + 0 === 0 ? 0 : number)
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom('', 'true', 'false', '0', '-1', '1e3', '1.0', 'NaN', '\r\n', '\n', '\r', 'a\r\nb\r\n', 'a\nb', ']]>', '\u0000', '\uD800'))
const value = fc.oneof(text, finite, fc.integer(), fc.boolean())
const known: fc.Arbitrary<TraceEvent> = fc.constantFrom(...Object.keys(EVENTS).filter(name => name !== 'FINDING') as EventName[]).chain(name => fc.record({
  time: finite,
  name: fc.constant<string>(name),
  data: fc.record(Object.fromEntries(EVENTS[name].data.map(one => [one, value])), { requiredKeys: [] }) as fc.Arbitrary<TraceEvent['data']>
}))
const unknown: fc.Arbitrary<TraceEvent> = fc.record({
  time: finite,
  name: fc.constantFrom('AspNetPageLoadEnter', 'NOTIFY_MODULE_START', '<&>', '__proto__', ''),
  data: fc.dictionary(text.map(withoutForbidden).filter(name => name !== 'ContextId'), value, { noNullPrototype: true }),
  shape: fc.record({
    provider: fc.record({ name: text, guid: text }),
    opcode: fc.nat(),
    level: fc.nat(5),
    keywords: text,
    areas: fc.array(text),
    family: text,
    descriptions: fc.dictionary(text.map(withoutForbidden), text.map(one => one.replace(/[\r\n]/g, '')), { noNullPrototype: true })
  })
})
const trace: fc.Arbitrary<Trace> = fc.record({
  id: text,
  siteId: fc.nat(),
  siteName: text,
  url: text,
  verb: text,
  httpVersion: text,
  client: text,
  beganAt: fc.integer({ min: 1, max: 4e12 }),
  timeTaken: finite,
  status: fc.oneof(fc.constant(null), fc.integer({ min: 100, max: 999 })),
  subStatus: fc.nat(99),
  failureReason: text,
  trigger: text,
  logId: text,
  processId: fc.nat(),
  computer: text,
  lost: fc.nat(),
  events: fc.array(fc.oneof({ weight: 3, arbitrary: known }, unknown), { maxLength: 8 }),
  findings: fc.array(fc.record({
    code: text, severity: fc.constantFrom('error' as const, 'warning' as const, 'information' as const), sentence: text, evidence: fc.array(fc.nat()), remedy: text
  }), { maxLength: 3 })
})

t.test('any trace comes back as it was, but for characters that XML forbids', async t => {
  t.doesNotThrow(() => fc.assert(fc.property(trace, one => assert.deepEqual(plain(readXml(toXml(one, 0))), readable(one))), { numRuns: 200 }))
})

t.test('any trace that is cut comes back with the events that fit, its findings, and the mark', async t => {
  let cuts = 0
  t.doesNotThrow(() => fc.assert(fc.property(trace, fc.integer({ min: 1, max: 12 }), (one, most) => {
    const back = plain(readXml(toXml(one, most)))
    const { events, findings } = readable(one)
    const mark = back.events.at(-1)
    if (mark?.name !== 'LOG_FILE_MAX_SIZE_TRUNCATE' || one.events.at(-1)?.name === mark.name) return
    cuts++
    const kept = back.events.length - 1
    assert.deepEqual(back.events.slice(0, kept), events.slice(0, kept))
    assert.deepEqual(back.findings, findings.slice(0, back.findings.length))
    assert.equal(mark.data.Skipped, events.length - kept)
  }), { numRuns: 150 }))
  t.ok(cuts > 10, `${cuts} were cut`)
})

/** As it is in JSON: without differences of prototypes. */
function plain (trace: Trace): Trace {
  return JSON.parse(JSON.stringify(trace)) as Trace
}

const SCHEMA = 'http://schemas.microsoft.com/win/2004/08/events'
const CONTEXT = '{80000015-0001-FE00-B63F-84710C7967BB}'

/** An event as IIS writes it. */
function iisEvent (name: string, opcode: number, level: number, keywords: string, data: string, { provider = 'Name="WWW Server" Guid="{3A2A4E84-4C21-4981-AE10-3FDA0D9B0F83}"', family = '{D42CF7EF-DE92-473E-8B6C-621EA663113A}', rendering = '', at = '11:55.762' } = {}): string {
  return `<Event xmlns="${SCHEMA}/event">
 <System>
  <Provider ${provider}/>
  <EventID>0</EventID>
  <Version>1</Version>
  <Level>${level}</Level>
  <Opcode>${opcode}</Opcode>
  <Keywords>${keywords}</Keywords>
  <TimeCreated SystemTime="2018-06-12T16:${at}Z"/>
  <Correlation ActivityID="${CONTEXT}"/>
  <Execution ProcessID="9824" ThreadID="9356"/>
  <Computer>WINDOWS</Computer>
 </System>
 <EventData>
  <Data Name="ContextId">${CONTEXT}</Data>
${data} </EventData>
 <RenderingInfo Culture="en-US">
  <Opcode>${name}</Opcode>
${rendering} </RenderingInfo>
 <ExtendedTracingInfo xmlns="${SCHEMA}/trace">
  <EventGuid>${family}</EventGuid>
 </ExtendedTracingInfo>
</Event>
`
}

/** A file as IIS writes it: with a byte order mark, as some tools save it, and with CR LF. */
const IIS = `\uFEFF<?xml version="1.0" encoding="UTF-8" ?>
<?xml-stylesheet type='text/xsl' href='freb.xsl'?>
<!-- saved from url=(0014)about:internet -->
<failedRequest url="http://localhost:57684/default.aspx?a=1&amp;b=2"
               siteId="2"
               appPoolId="Clr4IntegratedAppPool"
               processId="9824"
               verb="GET"
               authenticationType="NOT_AVAILABLE"               activityId="${CONTEXT}"
               failureReason="TIME_TAKEN"
               statusCode="404.7"
               triggerStatusCode="0"
               timeTaken="61230"
               xmlns:freb="http://schemas.microsoft.com/win/2006/06/iis/freb"
               >
${iisEvent('GENERAL_REQUEST_START', 1, 0, '0x0', '  <Data Name="SiteId">2</Data>\n  <Data Name="AppPoolId">Clr4IntegratedAppPool</Data>\n')}${
iisEvent('NOTIFY_MODULE_START', 1, 5, '0x100', '  <Data Name="ModuleName">RewriteModule</Data>\n  <Data Name="Notification">1</Data>\n  <Data Name="fIsPostNotification">false</Data>\n',
  { family: '{002E91E3-E7AE-44AB-8E07-99230FFA6ADE}', rendering: '  <Keywords>\n   <Keyword>RequestNotifications</Keyword>\n  </Keywords>\n  <freb:Description Data="Notification">BEGIN_REQUEST</freb:Description>\n' })}${
iisEvent('GENERAL_ENDPOINT_INFORMATION', 55, 4, '0x0', '  <Data Name="RemoteAddress">::1</Data>\n  <Data Name="RemotePort">57861</Data>\n')}${
iisEvent('GENERAL_REQUEST_HEADERS', 50, 4, '0x0', '  <Data Name="Headers">Connection: Keep-Alive\nHost: localhost:57684\n</Data>\n')}${
iisEvent('AspNetPageLoadEnter', 14, 5, '0x4', '  <Data Name="Data1">&lt;![CDATA[ &quot;x&quot; ]]&gt;</Data>\n',
  { provider: 'Name="ASPNET" Guid="{AFF081FE-0247-4275-9C4E-021F3DC1DA35}"', family: '{3BE3A0D1-5EB9-4DD6-9DB8-44D4DB7A4F9C}', rendering: '  <Keywords>\n   <Keyword>Page</Keyword>\n  </Keywords>\n', at: '12:55.762' })}${
iisEvent('ASP_START_TRACK_REQUEST', 1, 4, '0x0', '', { provider: 'Name="ASP" Guid="{06B94D9A-B15E-456E-A4EF-37C984A2CB4B}"' })}${
iisEvent('GENERAL_SET_REQUEST_HEADER', 53, 5, '0x0', '  <Data Name="HeaderName">X-ARR-LOG-ID</Data>\n  <Data Name="HeaderValue">a3614585-e908-40f2-9435-e3c23a2a6e31</Data>\n  <Data Name="Replace">true</Data>\n')}${
iisEvent('GENERAL_FLUSH_RESPONSE_END', 36, 4, '0x0', '  <Data Name="BytesSent">342</Data>\n  <Data Name="ErrorCode">0</Data>\n',
  { rendering: '  <freb:Description Data="ErrorCode">The operation completed successfully.\n (0x0)</freb:Description>\n' })}</failedRequest>`.replaceAll('\n', '\r\n')

t.test('a trace of IIS is read: its root, its headers, and when each event was', async t => {
  const trace = readXml(IIS, 'fr000007')
  t.match(trace, {
    id: 'fr000007',
    siteId: 2,
    url: 'http://localhost:57684/default.aspx?a=1&b=2',
    status: 404,
    subStatus: 7,
    failureReason: 'TIME_TAKEN',
    trigger: '',
    timeTaken: 61_230,
    client: '[::1]:57861',
    logId: 'a3614585-e908-40f2-9435-e3c23a2a6e31',
    computer: 'WINDOWS',
    beganAt: Date.UTC(2018, 5, 12, 16, 11, 55, 762),
    iis: { appPoolId: 'Clr4IntegratedAppPool', activityId: CONTEXT, authenticationType: 'NOT_AVAILABLE' }
  })
  t.same(trace.events.map(({ time }) => time), [0, 0, 0, 0, 60_000, 0, 0, 0])
  t.equal(trace.events[3]?.data.Headers, 'Connection: Keep-Alive\r\nHost: localhost:57684\r\n')
  t.same(trace.events[6]?.data, { HeaderName: 'X-ARR-LOG-ID', HeaderValue: 'a3614585-e908-40f2-9435-e3c23a2a6e31', Replace: true })
})

t.test('an event that only IIS has keeps all that its file says of it; one that is known keeps its values alone', async t => {
  const { events } = readXml(IIS)
  t.same(events[1]?.shape, {
    provider: { name: 'WWW Server', guid: '{3A2A4E84-4C21-4981-AE10-3FDA0D9B0F83}' },
    opcode: 1,
    level: 5,
    keywords: '0x100',
    areas: ['RequestNotifications'],
    family: '{002E91E3-E7AE-44AB-8E07-99230FFA6ADE}',
    descriptions: { Notification: 'BEGIN_REQUEST' }
  })
  t.match(events[4], { name: 'AspNetPageLoadEnter', data: { Data1: '<![CDATA[ "x" ]]>' }, shape: { provider: { name: 'ASPNET' }, areas: ['Page'] } })
  t.match(events[5], { name: 'ASP_START_TRACK_REQUEST', shape: { provider: { name: 'ASP' } } })
  t.same(events.filter(({ shape }) => shape === undefined).map(({ name }) => name),
    ['GENERAL_REQUEST_START', 'GENERAL_ENDPOINT_INFORMATION', 'GENERAL_REQUEST_HEADERS', 'GENERAL_SET_REQUEST_HEADER', 'GENERAL_FLUSH_RESPONSE_END'])
})

t.test('a trace of IIS that is written again is the same file, and the same trace', async t => {
  const trace = readXml(IIS, 'fr000007')
  const again = toXml(trace, 0)
  t.same(readXml(again), trace)
  const same = (xml: string): string => xml.replace('\uFEFF', '').replace(/<rest .*?\/>\r\n/s, '').replace(/ThreadID="\d+"/g, '').replace('\r\n (0x0)', ' (0x0)').replace('ABLE"               act', 'ABLE"\r\n               act')
  t.equal(same(again), same(IIS))
})

t.test('what is no trace is refused, with the line', async t => {
  for (const [text, why] of [
    ['', /no trace: line 1/], ['<html/>', /the root is <html>/], ['<failedRequest>\n<Event>', /line 2: unclosed tag/], ['{}', /line 1/],
    ['<!DOCTYPE failedRequest [<!ENTITY a "b">]><failedRequest>&a;</failedRequest>', /a DOCTYPE is refused/]
  ] as const) t.throws(() => readXml(text), { code: 'FST_ARR_TRACE_INVALID_FILE', message: why }, text)
})

t.test('a file with elements that nobody knows is read for the rest', async t => {
  const { events, url } = readXml('<failedRequest url="http://a:80/"><Event xmlns="x"><System/></Event><more><deep/></more><rest xmlns="other"/></failedRequest>')
  t.equal(url, 'http://a:80/')
  t.equal(events.length, 1)
})
