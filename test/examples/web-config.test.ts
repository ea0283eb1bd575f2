// examples/web-config: page and WebSocket through the rules of the file, and what the file refuses.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '@fastify-arr/iis-config'
import t from 'tap'
import { converse } from '../conversation.ts'
import { freePort } from '../site.ts'
import { endsInOrder, example, folderOf } from './started.ts'

const original = join(folderOf('web-config'), 'web.config')

t.test('page and WebSocket go to the backend, old addresses are redirected, and what is hidden or too large is refused', async t => {
  const port = await freePort(t)
  const file = join(t.testdir(), 'web.config')
  writeFileSync(file, readFileSync(original, 'utf8').replace('localhost:8080', `localhost:${port}`))
  const started = await example(t, 'web-config', { WEB_CONFIG: file, BACKEND_PORT: String(port) })
  t.notMatch(started.output(), 'lost')
  const { url } = started

  const page = await fetch(`${url}/page?a=b`)
  t.equal(await page.text(), 'the backend at /page?a=b')
  t.equal(page.headers.get('x-powered-by'), null, 'the outbound rule')
  const old = await fetch(`${url}/old/page?a=b`, { redirect: 'manual' })
  t.same([old.status, new URL(old.headers.get('location') ?? '', url).href], [301, `${url}/new/page?a=b`])
  t.equal(await (await fetch(`${url}/old/page`)).text(), 'the backend at /new/page')
  t.equal((await fetch(`${url}/internal/page`)).status, 404)
  t.equal((await fetch(`${url}/page`, { method: 'POST', body: 'a'.repeat(1_000_000) })).status, 200)
  t.equal((await fetch(`${url}/page`, { method: 'POST', body: 'a'.repeat(1_000_001) })).status, 413)

  t.match(await converse(`${url.replace('http', 'ws')}/socket`, {}, async ({ socket, next }) => {
    socket.send('hello')
    t.equal(await next(), 'text:the backend heard hello')
  }), { status: 101, code: 1000 })
  t.match(await converse(`${url.replace('http', 'ws')}/internal/socket`), { status: 404 })
  await endsInOrder(t, started)
})

t.test('nothing of the file is lost', async t => {
  const { report } = readConfig(original)
  t.ok(report.complete)
  t.same(report.mistakes, [])
})
