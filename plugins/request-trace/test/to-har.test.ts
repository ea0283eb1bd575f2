// The archive: HAR 1.2 by its specification, with WebSockets as Chrome writes them.
import { readFile } from 'node:fs/promises'
import Fastify from 'fastify'
import t from 'tap'
import { toHar } from '../src/files/to-har.ts'
import type { Trace } from '../src/trace/trace.ts'
import { HOSTILE, hostileTrace, nameable, refusedTrace, webSocketTrace } from './traces.ts'

const string = { type: 'string' }
const number = { type: 'number' }
const integer = { type: 'integer' }

/** An object with these properties, all needed; what begins with an underscore may be there, too, and nothing else. */
const all = (properties: Record<string, object>, ...optional: string[]): object => ({
  type: 'object',
  required: Object.keys(properties).filter(name => !optional.includes(name)),
  properties,
  patternProperties: { '^_': {} },
  additionalProperties: false
})
const list = (items: object): object => ({ type: 'array', items })
const pairs = list(all({ name: string, value: string, comment: string }, 'comment'))
const atLeast = (minimum: number): object => ({ type: 'number', minimum })

/** http://www.softwareishard.com/blog/har-12-spec/, the parts that are written here. */
const HAR = all({
  log: all({
    version: { const: '1.2' },
    creator: all({ name: string, version: string }),
    pages: list({}),
    entries: list(all({
      startedDateTime: { type: 'string', format: 'date-time' },
      time: atLeast(0),
      request: all({ method: string, url: { type: 'string', format: 'uri' }, httpVersion: string, cookies: list({}), headers: pairs, queryString: pairs, headersSize: integer, bodySize: integer }),
      response: all({
        status: integer, statusText: string, httpVersion: string, cookies: list({}), headers: pairs, content: all({ size: integer, mimeType: string }), redirectURL: string, headersSize: integer, bodySize: integer
      }),
      cache: all({}),
      timings: all({ blocked: atLeast(-1), dns: atLeast(-1), connect: atLeast(-1), ssl: atLeast(-1), send: atLeast(0), wait: atLeast(0), receive: atLeast(0) }),
      serverIPAddress: { anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }], type: 'string' },
      connection: string,
      _webSocketMessages: list(all({ type: { enum: ['send', 'receive'] }, time: number, opcode: integer, data: string }))
    }, 'serverIPAddress', 'connection', '_webSocketMessages')),
    comment: string
  })
})

interface Entry {
  readonly startedDateTime: string
  readonly time: number
  readonly request: { readonly method: string, readonly url: string, readonly headers: ReadonlyArray<{ name: string, value: string }>, readonly queryString: unknown }
  readonly response: { readonly status: number }
  readonly timings: Readonly<Record<string, number>>
  readonly _side: string
  readonly _webSocketMessages?: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly [key: string]: unknown
}

function entriesOf (trace: Trace): Entry[] {
  return (JSON.parse(toHar(trace)) as { log: { entries: Entry[] } }).log.entries
}

t.test('an archive is valid by the specification, whatever a trace holds', async t => {
  const app = Fastify({ ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: true, allowUnionTypes: true } } })
  app.post('/', { schema: { body: HAR } }, async () => 'valid')
  t.teardown(() => app.close())
  const valid = async (har: string): Promise<string> => (await app.inject({ method: 'POST', url: '/', body: har, headers: { 'content-type': 'application/json' } })).body
  for (const trace of [webSocketTrace, refusedTrace, { ...refusedTrace, events: [], status: null }]) t.equal(await valid(toHar(trace)), 'valid')
  for (const text of HOSTILE) {
    // The origin of a server is the proxy's own.
    const events = hostileTrace(text).events.map(one => ({ ...one, data: { ...one.data, ...(one.data.Server === undefined ? {} : { Server: 'http://10.0.0.1:8080' }) } }))
    t.equal(await valid(toHar({ ...hostileTrace(text), events })), 'valid', nameable(text))
  }
  t.not(await valid(toHar(refusedTrace).replace('"wait"', '"weight"')), 'valid', 'the schema can fail')
})

t.test('the client’s side is first, then each attempt', async t => {
  const entries = entriesOf(webSocketTrace)
  t.same(entries.map(({ _side, request, response }) => [_side, request.url, response.status]), [
    ['client', 'wss://chat.example:443/chat?room=7', 101], ['upstream', 'ws://10.0.0.1:8080/socket?room=7', 0], ['upstream', 'ws://10.0.0.2:8080/socket?room=7', 101]
  ])
  t.match(entries[1], { _error: 'FST_ARR_UPSTREAM_REFUSED', _moment: 'connect', _systemCode: 'ECONNREFUSED', startedDateTime: '2026-11-29T12:00:00.001Z' })
  t.match(entries[2], { serverIPAddress: '10.0.0.2', connection: '8080' })
  t.match(entries[0], { _resourceType: 'websocket', _webSocketClose: { code: 1011, reason: 'database went away', closedBy: 'upstream', ending: 'end' } })
  t.same(entries[0]?.request.queryString, [{ name: 'room', value: '7' }])
  t.match(entries[2]?.request.headers, [{ name: 'Host', value: 'localhost:8080' }])
})

t.test('the phases of an attempt are its own, and add up to its time', async t => {
  const [client, refused, answered] = entriesOf(webSocketTrace)
  t.same(client?.timings, { blocked: -1, dns: -1, connect: -1, ssl: -1, send: 0, wait: 21.6, receive: 61_208.9 })
  t.match(refused?.timings, { dns: -1, connect: -1, ssl: -1, wait: 1.5, receive: 0 })
  t.match(answered?.timings, { dns: 1.5, connect: 5.5, ssl: 4, send: 0 })
  t.equal(Math.round((answered?.timings.wait ?? 0) * 10), 116)
  t.equal(Math.round(answered?.time ?? 0), Math.round(webSocketTrace.timeTaken - 2.7))
})

t.test('frames are as Chrome writes them: who sent, seconds since the epoch, opcode and data', async t => {
  const [client, , upstream] = entriesOf(webSocketTrace)
  const began = webSocketTrace.beganAt / 1000
  t.same(client?._webSocketMessages, [
    { type: 'send', time: began + 0.03, opcode: 1, data: '{"join":"7"}', _size: 12 },
    { type: 'receive', time: began + 0.045, opcode: 2, data: 'AQID', _size: 3, _fin: false, _rsv: 0x40 },
    { type: 'receive', time: began + 0.046, opcode: 0, data: '', _size: 4096 },
    { type: 'receive', time: began + 61.2, opcode: 9, data: '', _size: 0 }
  ])
  t.equal(upstream?._webSocketMessages?.[3]?.type, 'send', 'the proxy’s own ping was sent to the upstream')
})

t.test('an exchange of HTTP has no key of WebSockets', async t => {
  for (const entry of entriesOf(refusedTrace)) {
    t.notOk('_resourceType' in entry)
    t.notOk('_webSocketMessages' in entry)
    t.match(entry.request.url, /^http:/)
  }
})

t.test('the archive says which version wrote it', async t => {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  t.match(JSON.parse(toHar(refusedTrace)), { log: { creator: { name: '@fastify-arr/request-trace', version } } })
})
