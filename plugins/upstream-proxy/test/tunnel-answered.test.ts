// A WebSocket whose client somebody else has answered before its upstream did: Fastify's `handlerTimeout`.
import { once } from 'node:events'
import type { Http2Server } from 'node:http2'
import type { Socket } from 'node:net'
import t from 'tap'
import { client, eventually, handshake, proxy, rest, tcpUpstream, until } from './parts.ts'
import { ask, AT_ONCE, session, switchFor } from './tunnel-subjects.ts'

for (const http of ['1.1', '2'] as const) {
  for (const [name, answer] of [
    ['agrees', (head: string) => switchFor(head)],
    ['declines', () => 'HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nnope'],
    ['ends', () => '']
  ] as const) {
    t.test(`over HTTP/${http} a client that the server itself has answered keeps that answer when its upstream ${name} after all`, async t => {
      let asked!: (value: { far: Socket, head: string }) => void
      const asking = new Promise<{ far: Socket, head: string }>(resolve => { asked = resolve })
      const { url } = await tcpUpstream(t, far => { until(far, text => text.endsWith('\r\n\r\n')).then(head => asked({ far, head }), () => {}) })
      const { port, requests, closed } = await proxy(t, { upstream: url, websocket: AT_ONCE }, {
        server: { http2: http === '2', http2SessionTimeout: 0, handlerTimeout: 100 } as never,
        before: app => {
          if (http === '2') (app.server as unknown as Http2Server).on('session', session => session.settings({ enableConnectProtocol: true }))
        }
      })
      const near = http === '2' ? ask(await session(t, port)) : client(t, port)
      if (http === '1.1') near.write(handshake())
      else t.match((await once(near, 'response'))[0], { ':status': 503 })
      t.match(await rest(near), /"FST_ERR_HANDLER_TIMEOUT"/)
      // The client's own side is still open.
      const { far, head } = await asking
      far.end(answer(head))
      await eventually(() => far.readableEnded || far.destroyed || (far.resume(), false), 'the upstream is let go')
      await eventually(() => closed.length === 1, 'reply.raw closes')
      t.match(requests[0]!.upstream, { error: null, tunnel: null, status: null })
      t.match(closed[0], { error: null })
      if ('rstCode' in near) t.equal(near.rstCode ?? 0, 0)
    })
  }
}
