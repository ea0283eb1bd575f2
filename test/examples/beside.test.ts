// examples/beside: the server's own route and WebSocket, and those of the other server through the proxy.
import t from 'tap'
import { converse } from '../conversation.ts'
import { endsInOrder, example } from './started.ts'

t.test('its own route and WebSocket are its own, everything else is the other server\'s', async t => {
  const started = await example(t, 'beside')
  t.same(await (await fetch(`${started.url}/health`)).json(), { healthy: true })
  t.equal(await (await fetch(`${started.url}/health`, { method: 'POST', body: 'x' })).text(), 'the other server at /health', 'another method')
  t.equal(await (await fetch(`${started.url}/any?thing`)).text(), 'the other server at /any?thing')
  for (const [path, who] of [['/own', 'your own'], ['/any?thing', 'the other server'], ['/', 'the other server']] as const) {
    t.match(await converse(started.url.replace('http', 'ws') + path, {}, async ({ socket, next }) => {
      t.equal(await next(), `text:${who}`, path)
      socket.send('hello')
      t.equal(await next(), `text:${who} heard hello`)
    }), { status: 101, code: 1000 })
  }
  // With an open WebSocket of each.
  const urls = ['/own', '/any'].map(path => started.url.replace('http', 'ws') + path)
  let open = 0
  const both = urls.map(async url => await converse(url, {}, async ({ next, closed }) => {
    await next()
    if (++open === urls.length) await endsInOrder(t, started)
    await closed
  }))
  t.match(await Promise.all(both), [{ status: 101 }, { status: 101, code: 1001 }])
})
