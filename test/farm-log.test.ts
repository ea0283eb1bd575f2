// What the log says of exchanges with a farm: which server it was, or that there was none.
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { arrLog } from '@fastify-arr/arr-log'
import type { FarmChoice, FarmRefusal, FarmsFact } from '@fastify-arr/facts'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify, { LogController } from 'fastify'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'

t.test('a line has the server of the last attempt in SERVER-ROUTED, also that of a WebSocket; a farm without a server is 503 0 0 without one', async t => {
  const server = createServer((_request, response) => response.end('page'))
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', socket => { socket.close(1000) })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const choice = (name: string, server: string): FarmChoice => ({ name, server, host: null, answered () {}, opened () {}, ended () {} })
  const directory = t.testdir()
  const app = Fastify({ logController: new LogController({ disableRequestLogging: true }) })
  const farms: Pick<FarmsFact, 'visit'> = {
    visit (name, { request }) {
      if (name !== 'chat') return null
      const answers: Array<FarmChoice | FarmRefusal> = request.url === '/none' ? [{ reason: 'none', retryAfter: 1 }] : [choice('10.0.0.6', 'http://127.0.0.1:1'), choice('10.0.0.7', url)]
      return {
        farm: 'chat',
        ask (chosen) {
          chosen(answers.shift() as FarmChoice | FarmRefusal)
          return () => {}
        },
        mayTryAgain: () => answers.length > 0
      }
    }
  }
  app.decorate('farms', farms as never)
  await app.register(arrLog, { directory, period: 'none', fields: ['cs-uri-stem', 'cs-uri-query', 'sc-status', 'sc-substatus', 'sc-win32-status'] })
  await app.register(upstreamProxy, { upstream: 'http://chat' })
  const base = await app.listen({ port: 0, host: '127.0.0.1' })
  t.equal((await fetch(`${base}/page?a=1`)).status, 200)
  t.equal((await fetch(`${base}/none`)).status, 503)
  const socket = new WebSocket(`${base}/socket`.replace('http', 'ws'))
  await once(socket, 'close')
  await app.close()
  const lines = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.log')).flatMap(name => readFileSync(join(directory, name), 'utf8').split('\r\n')).filter(line => line.startsWith('/'))
  const GUID = '[0-9a-f-]{36}'
  t.match(lines.find(line => line.startsWith('/page')), new RegExp(`^/page a=1&X-ARR-CACHE-HIT=0&SERVER-ROUTED=10\\.0\\.0\\.7&X-ARR-LOG-ID=${GUID}&SERVER-STATUS=200 200 0 0$`))
  t.match(lines.find(line => line.startsWith('/none')), new RegExp(`^/none X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=${GUID} 503 0 0$`))
  t.match(lines.find(line => line.startsWith('/socket')), new RegExp(`^/socket X-ARR-CACHE-HIT=0&SERVER-ROUTED=10\\.0\\.0\\.7&X-ARR-LOG-ID=${GUID}&SERVER-STATUS=101 101 0 0$`))
})
