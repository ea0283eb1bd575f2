// A WebSocket moves through three processes with all that looks at it: it has one line in the log, and counts once.
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { type Generation, generation, SKIP } from '../plugins/upstream-proxy/test/moving.ts'

const SITE = join(import.meta.dirname, 'fixtures', 'movable-site.ts')
t.setTimeout(240_000)

/** The lines of the log in a folder, as values by column. */
function linesIn (folder: string): Array<Record<string, string>> {
  if (!existsSync(folder)) return []
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.log') && !name.includes('httperr')).flatMap(name => readFileSync(join(folder, name), 'utf8').split('\r\n'))
  const columns = (all.find(line => line.startsWith('#Fields:')) ?? '').split(' ').slice(1)
  return all.filter(line => line !== '' && !line.startsWith('#')).map(line => Object.fromEntries(line.split(' ').map((value, at) => [columns[at] ?? '', value])))
}

interface Told { readonly text: string, readonly farm: { readonly tunnels: number, readonly chosen: number, readonly handshakes: number } }

/** The sum of a metric over its labels. */
function sumOf (text: string, name: string): number {
  return text.split('\n').filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `)).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

async function said (one: Generation): Promise<Told> {
  return await one.order('text') as Told
}

t.test('one line with the whole life, one opening, one close, one open at its server', { skip: SKIP }, async t => {
  t.setTimeout(240_000)
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } })
  wss.on('connection', socket => { socket.on('message', message => { socket.send(message, { binary: false }) }) })
  await once(wss, 'listening')
  t.teardown(() => wss.close())
  const folder = t.testdir()
  const env = { DIRECTORY: folder, PORT: String((wss.address() as AddressInfo).port) }
  const [first, second, third] = await Promise.all([1, 2, 3].map(async () => await generation(t, {}, env, SITE))) as [Generation, Generation, Generation]

  const began = performance.now()
  const socket = new WebSocket(`ws://127.0.0.1:${first.port}/chat?a=1`, { headers: { cookie: 'id=7', 'x-tenant': 'blue', 'user-agent': 'moving' } })
  await once(socket, 'open')
  const say = async (text: string): Promise<void> => {
    const answered = once(socket, 'message')
    socket.send(text)
    t.equal(String((await answered)[0]), text)
  }
  await say('in the first')
  t.same(await first.handOver(second), { moved: 1, stayed: 0 })
  await say('in the second')

  const before = await said(first)
  const after = await said(second)
  t.match(before.farm, { tunnels: 0, handshakes: 0, chosen: 1 })
  t.match(after.farm, { tunnels: 1, handshakes: 0, chosen: 0 })
  for (const [name, there, here] of [
    ['arr_websockets_open', 0, 1], ['arr_websockets_opened_total', 1, 0], ['arr_websockets_closed_total', 0, 0],
    ['arr_websocket_handshakes_total', 1, 0], ['arr_requests_in_flight', 0, 1]
  ] as const) {
    t.equal(sumOf(before.text, name), there, `${name} where it was`)
    t.equal(sumOf(after.text, name), here, `${name} where it is`)
  }
  const messages = (told: Told): number => sumOf(told.text, 'arr_websocket_messages_total')
  t.same([messages(before), messages(after)], [2, 2], 'each message is counted in one process')

  t.equal(await first.close(), 0)
  t.same(linesIn(join(folder, 'logs')), [], 'there is no line yet')
  t.same(await second.handOver(third), { moved: 1, stayed: 0 })
  t.equal(await second.close(), 0)
  await say('in the third')
  const closed = once(socket, 'close')
  socket.close(4001, 'done')
  await closed
  const took = performance.now() - began
  while ((await third.tunnels()).length > 0) { /* its end is on its way */ }
  const last = await said(third)
  t.equal(sumOf(last.text, 'arr_websockets_open'), 0)
  t.equal(sumOf(last.text, 'arr_websockets_closed_total'), 1)
  t.equal(sumOf(last.text, 'arr_requests_in_flight'), 0)
  t.match(last.farm, { tunnels: 0, handshakes: 0, chosen: 0 })
  t.equal(await third.close(), 0)

  const lines = linesIn(join(folder, 'logs'))
  t.equal(lines.length, 1, 'one line')
  const line = lines[0] as Record<string, string>
  t.match(line, {
    'cs-method': 'GET',
    'cs-uri-stem': '/chat',
    'cs-uri-query': /^a=1&X-ARR-CACHE-HIT=0&SERVER-ROUTED=127\.0\.0\.1&X-ARR-LOG-ID=[0-9a-f-]{36}&SERVER-STATUS=101$/,
    'cs-username': 'ann',
    'c-ip': '127.0.0.1',
    'cs(User-Agent)': 'moving',
    'cs(Cookie)': 'id=7',
    'sc-status': '101',
    'sc-win32-status': '0',
    'x-ws-messages-received': '3',
    'x-ws-messages-sent': '3',
    'x-ws-close-code': '4001',
    'x-ws-closed-by': 'client',
    'x-tenant': 'blue',
    'x-switched': /permessage-deflate/,
    'x-process': new RegExp(`^${third.child.pid}\\b`)
  })
  t.ok(Math.abs(Number(line['time-taken']) - took) < took / 2, `its time is that of its whole life (${line['time-taken']} of ${Math.round(took)} ms)`)
  for (const direction of ['received', 'sent'] as const) {
    const frames = Number(line[`x-ws-bytes-${direction}`])
    const all = Number(line[direction === 'received' ? 'cs-bytes' : 'sc-bytes'])
    t.ok(frames > 40 && all > frames + 100, `${direction}: ${all} bytes with the head, ${frames} of frames`)
  }
  t.equal(readdirSync(join(folder, 'traces'), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.har')).length, 1, 'the process where it opened has written its trace')
})
