// An answer that goes through Fastify's reply, because a hook wants to see it, is logged and rewritten like one that goes directly.
import { arrLog } from '@fastify-arr/arr-log'
import { upstreamProxy, type UpstreamProxyOptions } from '@fastify-arr/upstream-proxy'
import { urlRewrite, type UrlRewriteOptions } from '@fastify-arr/url-rewrite'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { request } from 'node:http'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'

/** An upstream whose answer is named by the path. */
async function upstream (t: Test): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', part => {
      const path = String(part).split(' ')[1]
      if (path === '/page') socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<a href="/one">')
      else if (path === '/missing') socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
      else if (path === '/refused') socket.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno')
      else if (path === '/broken') socket.end('HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<a')
      else if (path === '/nonsense') socket.write('nonsense\r\n\r\n')
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<a')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Asks, and leaves after the first bytes of the body where `leaves`. */
async function ask (port: number, path: string, { leaves = false, headers = {} } = {}): Promise<string> {
  const asking = request({ port, host: '127.0.0.1', path, headers, agent: false }).end()
  asking.on('error', () => {})
  const [response] = await once(asking, 'response')
  let body = ''
  response.on('error', () => {})
  response.on('data', (part: Buffer) => {
    body += String(part)
    if (leaves) asking.destroy()
  })
  await new Promise(resolve => response.on('close', resolve))
  return body
}

const withHook = (fastify: FastifyInstance): void => { fastify.addHook('onSend', async () => {}) }

t.test('the log has the same lines for both ways', async t => {
  const url = await upstream(t)
  const logs: string[][] = []
  for (const prepare of [() => {}, withHook]) {
    const directory = t.testdir()
    const fastify = Fastify({ forceCloseConnections: true })
    t.teardown(() => fastify.close())
    await fastify.register(arrLog, { directory })
    prepare(fastify)
    await fastify.register(upstreamProxy, { upstream: url })
    await fastify.listen({ port: 0, host: '127.0.0.1' })
    const { port } = fastify.server.address() as AddressInfo
    for (const path of ['/page', '/missing', '/broken', '/nonsense']) await ask(port, path)
    await ask(port, '/refused', { headers: { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' } })
    await ask(port, '/never', { leaves: true })
    await fastify.close()
    const lines = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.log'))
      .flatMap(file => readFileSync(join(directory, file), 'utf8').split('\r\n')).filter(line => line !== '' && !line.startsWith('#'))
    // Without the time, the GUID, the port and how long it took.
    logs.push(lines.map(line => line.split(' ').slice(3, -1).join(' ').replace(/X-ARR-LOG-ID=[^&]*/, '').replace(` ${port} `, ' ')))
  }
  t.equal(logs[0]?.length, 6)
  t.same(logs[1], logs[0])
})

t.test('outbound rules run once on a proxied answer, by rewriteResponse or by onSend', async t => {
  const url = await upstream(t)
  const rules: UrlRewriteOptions = { outboundRules: { rules: [{ name: 'links', match: { filterByTags: ['A'], pattern: '^/(.*)' }, action: { type: 'Rewrite', value: '/app/{R:1}' } }] } } as UrlRewriteOptions
  const byOption = (fastify: FastifyInstance): UpstreamProxyOptions => ({ rewriteResponse: (request, answer) => fastify.urlRewrite.rewriteResponse(request, answer) })
  for (const [name, prepare, optionsOf] of [
    ['the option', () => {}, byOption],
    ['the option, beside a hook', withHook, byOption],
    ['the hook', () => {}, () => ({})]
  ] as const) {
    const fastify = Fastify({ forceCloseConnections: true })
    t.teardown(() => fastify.close())
    await fastify.register(urlRewrite, rules)
    prepare(fastify)
    await fastify.register(upstreamProxy, { upstream: url, ...optionsOf(fastify) })
    await fastify.listen({ port: 0, host: '127.0.0.1' })
    t.equal(await ask((fastify.server.address() as AddressInfo).port, '/page'), '<a href="/app/one">', name)
  }
})

t.test('url-rewrite alone leaves the direct way to answers that it does not change', async t => {
  const url = await upstream(t)
  for (const [rules, isDirect] of [[{}, true], [{ outboundRules: { rules: [{ name: 'x', match: { serverVariable: 'RESPONSE_X', pattern: '.*' }, action: { type: 'Rewrite', value: 'x' } }] } }, false]] as const) {
    let seen: unknown
    const fastify = Fastify({ forceCloseConnections: true })
    t.teardown(() => fastify.close())
    await fastify.register(urlRewrite, rules as unknown as UrlRewriteOptions)
    await fastify.register(upstreamProxy, { upstream: url })
    const over = new Promise(resolve => {
      fastify.addHook('onResponse', async (_request, reply) => {
        seen = Object.getOwnPropertySymbols(reply).some(symbol => symbol.description === 'fastify.reply.hijacked' && (reply as unknown as Record<symbol, unknown>)[symbol] === true)
        resolve(null)
      })
    })
    await fastify.listen({ port: 0, host: '127.0.0.1' })
    await ask((fastify.server.address() as AddressInfo).port, '/page')
    await over
    t.equal(seen, isDirect)
  }
})
