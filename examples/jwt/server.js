// Who may open a WebSocket, and for how long? Whoever has a token, until it expires: the proxy asks @fastify/jwt before it asks the upstream.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import cookie from '@fastify/cookie'
import jwt from '@fastify/jwt'
import { OWNED_HEADERS, upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify from 'fastify'
import { WebSocketServer } from 'ws'

const seconds = Number(process.env.TOKEN_SECONDS ?? 20)

// Your server: it trusts the header x-user, since only the proxy reaches it.
const http = createServer((request, response) => { response.end(`hello ${request.headers['x-user']}`) }).listen(0, '127.0.0.1')
await once(http, 'listening')
const sockets = new WebSocketServer({ server: http })
sockets.on('connection', (socket, request) => {
  console.log(`the upstream has a WebSocket of ${request.headers['x-user']}`)
  socket.send(`hello ${request.headers['x-user']}`)
  socket.on('message', message => { socket.send(`you said ${message}`) })
})

const fastify = Fastify()
await fastify.register(cookie)
// A browser sends no Authorization with a WebSocket, but its cookies; programs send `Authorization: Bearer …`.
await fastify.register(jwt, { secret: process.env.JWT_SECRET ?? 'for development only', cookie: { cookieName: 'token', signed: false } })
await fastify.register(upstreamProxy, {
  upstream: `http://127.0.0.1:${http.address().port}`,
  prefix: '/app',
  onRequest: async request => { await request.jwtVerify() },
  ownedHeaders: [...OWNED_HEADERS, 'X-User'], // never what a client writes there
  rewriteRequest: (request, { out }) => { out.headers.push(['X-User', request.user.sub]) },
  websocket: {
    until: { at: request => request.user.exp * 1000, code: 3000, reason: 'the token has expired' },
    key: request => request.user.sub
  }
})

fastify.get('/', async (_request, reply) => reply.type('text/html').send(await readFile(new URL('index.html', import.meta.url))))
// Your login, with a password or your identity provider.
fastify.post('/login', async (_request, reply) => {
  const token = fastify.jwt.sign({ sub: 'ann' }, { expiresIn: `${seconds}s` })
  return reply.setCookie('token', token, { path: '/app', httpOnly: true, sameSite: 'strict', maxAge: seconds }).send({ token })
})
// Signed out: all WebSockets of this user end at once.
fastify.post('/app/logout', { onRequest: async request => { await request.jwtVerify() } }, async request => ({ closed: fastify.tunnels.closeAll({ key: request.user.sub }, 3000, 'signed out') }))
fastify.addHook('onClose', async () => {
  sockets.close()
  http.close()
})

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => { fastify.close() })
console.log(await fastify.listen({ port: Number(process.env.PORT ?? 3000) }))
