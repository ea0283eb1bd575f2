// The official plugins that a server may have beside a proxy: how each is registered, and what shows that it works.
import { join } from 'node:path'
import autoload from '@fastify/autoload'
import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import formbody from '@fastify/formbody'
import helmet from '@fastify/helmet'
import jwt from '@fastify/jwt'
import multipart from '@fastify/multipart'
import rateLimit from '@fastify/rate-limit'
import sensible from '@fastify/sensible'
import session from '@fastify/session'
import fastifyStatic from '@fastify/static'
import swagger from '@fastify/swagger'
import underPressure from '@fastify/under-pressure'
import websocket from '@fastify/websocket'
import type { UpstreamProxyOptions } from '@fastify-arr/upstream-proxy'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Test } from 'tap'
import { converse } from './conversation.ts'

/** A server with a plugin and a proxy. */
export interface Served {
  readonly app: FastifyInstance
  readonly origin: string
  /** Where the proxy's paths begin: the origin, or the origin and the prefix. */
  readonly proxied: string
}

export interface Neighbour {
  readonly name: string
  register (app: FastifyInstance, t: Test): Promise<unknown>
  /** The plugin's own feature works. */
  works (t: Test, served: Served): Promise<unknown>
  /** Options of the proxy that the plugin's users set. */
  readonly options?: UpstreamProxyOptions
  /** The headers of a request that the proxy then lets through. */
  headers? (app: FastifyInstance): Record<string, string>
  /** What the plugin does to proxied answers by `onSend` hooks. */
  worksOnAnswers? (t: Test, served: Served): Promise<unknown>
  /** Its hooks are put on each route when that is declared: as for every route of Fastify, those declared before it have none. */
  readonly forLaterRoutes?: true
}

const LONG = 'a'.repeat(5000)

async function text (url: string, init?: RequestInit): Promise<[number, string]> {
  const response = await fetch(url, init)
  return [response.status, await response.text()]
}

const folder = (t: Test) => t.testdir({ 'index.html': 'home', 'page.html': 'a page', deeper: { 'index.html': 'deeper' } })

async function servesFolder (t: Test, { origin }: Served): Promise<void> {
  t.same(await text(`${origin}/`), [200, 'home'])
  t.same(await text(`${origin}/page.html`), [200, 'a page'])
  t.same(await text(`${origin}/deeper/`), [200, 'deeper'])
  const head = await fetch(`${origin}/page.html`, { method: 'HEAD' })
  t.same([head.status, head.headers.get('content-length')], [200, '6'])
}

const SECRET = 'a secret that is long enough for all'

export const NEIGHBOURS: readonly Neighbour[] = [
  {
    name: '@fastify/cors',
    register: async app => app.register(cors, { origin: 'http://a.example', methods: ['GET', 'PUT'] }),
    async works (t, { proxied }) {
      const preflight = await fetch(`${proxied}/x`, { method: 'OPTIONS', headers: { origin: 'http://a.example', 'access-control-request-method': 'PUT' } })
      t.same([preflight.status, preflight.headers.get('access-control-allow-origin'), preflight.headers.get('access-control-allow-methods')], [204, 'http://a.example', 'GET, PUT'])
      t.equal((await fetch(`${proxied}/x`)).headers.get('access-control-allow-origin'), 'http://a.example', 'on a proxied answer')
    }
  },
  {
    name: '@fastify/helmet',
    register: async app => { await app.register(helmet); app.get('/own', async () => 'own') },
    async works (t, { origin, proxied }) {
      for (const url of [`${origin}/own`, `${proxied}/x`]) t.equal((await fetch(url)).headers.get('x-content-type-options'), 'nosniff', url)
    }
  },
  {
    name: '@fastify/static with its wildcard',
    register: async (app, t) => app.register(fastifyStatic, { root: folder(t) }),
    works: servesFolder
  },
  {
    name: '@fastify/static without a wildcard',
    register: async (app, t) => app.register(fastifyStatic, { root: folder(t), wildcard: false }),
    works: servesFolder
  },
  {
    name: '@fastify/rate-limit',
    register: async app => {
      await app.register(rateLimit, { global: false })
      app.get('/own', { config: { rateLimit: { max: 2 } } }, async () => 'own')
    },
    async works (t, { origin }) {
      const statuses = []
      for (let i = 0; i < 3; i++) statuses.push((await text(`${origin}/own`))[0])
      t.same(statuses, [200, 200, 429])
    }
  },
  {
    name: '@fastify/jwt',
    register: async app => {
      await app.register(jwt, { secret: SECRET })
      app.get('/own', { onRequest: async request => { await request.jwtVerify() } }, async ({ user }) => user)
    },
    options: { onRequest: async (request: FastifyRequest) => { await request.jwtVerify() } },
    headers: app => ({ authorization: `Bearer ${app.jwt.sign({ name: 'me' })}` }),
    async works (t, { app, origin, proxied }) {
      const headers = { authorization: `Bearer ${app.jwt.sign({ name: 'me' })}` }
      t.match(JSON.parse((await text(`${origin}/own`, { headers }))[1]), { name: 'me' })
      t.equal((await text(`${origin}/own`))[0], 401)
      t.equal((await text(`${proxied}/x`))[0], 401, 'a page')
      t.match(await converse(`${proxied.replace('http', 'ws')}/ws`), { status: 401 }, 'an upgrade')
    }
  },
  {
    name: '@fastify/cookie',
    register: async app => {
      await app.register(cookie)
      app.get('/own', async ({ cookies }, reply) => reply.setCookie('seen', 'yes').send(cookies))
    },
    async works (t, { origin }) {
      const response = await fetch(`${origin}/own`, { headers: { cookie: 'a=1' } })
      t.same([await response.json(), response.headers.get('set-cookie')], [{ a: '1' }, 'seen=yes; SameSite=Lax'])
    },
    options: { preHandler: async (_request, reply) => { reply.setCookie('login', 'me') } },
    async worksOnAnswers (t, { proxied }) {
      t.equal((await fetch(`${proxied}/x`)).headers.get('set-cookie'), 'login=me; SameSite=Lax')
    }
  },
  {
    name: '@fastify/session',
    register: async app => {
      await app.register(cookie)
      await app.register(session, { secret: SECRET, cookie: { secure: false } })
      app.get('/own', async ({ session }) => {
        const count = (session.get<any>('count') as number | undefined ?? 0) + 1
        session.set<any>('count', count)
        return count
      })
    },
    async works (t, { origin }) {
      const first = await fetch(`${origin}/own`)
      t.equal(await first.text(), '1')
      const [own] = first.headers.getSetCookie()
      t.same(await text(`${origin}/own`, { headers: { cookie: (own as string).split(';')[0] as string } }), [200, '2'])
    },
    options: { preHandler: async request => { request.session.set<any>('login', 'me') } },
    async worksOnAnswers (t, { proxied }) {
      t.match((await fetch(`${proxied}/x`)).headers.get('set-cookie'), /^sessionId=/)
    }
  },
  {
    name: '@fastify/multipart',
    register: async app => {
      await app.register(multipart)
      app.post('/own', async request => String(await (await request.file())?.toBuffer()))
    },
    async works (t, { origin, proxied }) {
      const form = () => { const form = new FormData(); form.set('file', new File(['content'], 'file.txt')); return form }
      t.same(await text(`${origin}/own`, { method: 'POST', body: form() }), [200, 'content'])
      t.match(await text(`${proxied}/x`, { method: 'POST', body: form() }), [200, /filename="file.txt"[^]*content/], 'proxied as it came')
    }
  },
  {
    name: '@fastify/formbody',
    register: async app => {
      await app.register(formbody)
      app.post('/own', async ({ body }) => body)
    },
    async works (t, { origin, proxied }) {
      const form = (): RequestInit => ({ method: 'POST', body: new URLSearchParams({ a: '1' }) })
      t.same(await text(`${origin}/own`, form()), [200, '{"a":"1"}'])
      t.match(await text(`${proxied}/x`, form()), [200, 'POST /x a=1'], 'proxied as it came')
    }
  },
  {
    name: '@fastify/swagger',
    register: async app => {
      await app.register(swagger)
      app.get('/own', async () => 'own')
    },
    async works (t, { app }) {
      t.ok(app.swagger().paths?.['/own'])
    },
    async worksOnAnswers (t, { app }) {
      t.same(Object.keys(app.swagger().paths ?? {}), ['/own'], 'what is proxied has no documentation')
    }
  },
  {
    name: '@fastify/under-pressure',
    register: async app => app.register(underPressure, { exposeStatusRoute: '/status' }),
    async works (t, { origin }) {
      t.same(await text(`${origin}/status`), [200, '{"status":"ok"}'])
    }
  },
  {
    name: '@fastify/compress',
    forLaterRoutes: true,
    register: async app => {
      await app.register(compress)
      app.get('/own', async (_request, reply) => reply.type('text/plain').send(LONG))
    },
    async works (t, { origin }) {
      const response = await fetch(`${origin}/own`, { headers: { 'accept-encoding': 'gzip' } })
      t.same([response.headers.get('content-encoding'), await response.text()], ['gzip', LONG])
    },
    async worksOnAnswers (t, { proxied }) {
      const response = await fetch(`${proxied}/long`, { headers: { 'accept-encoding': 'gzip' } })
      t.same([response.headers.get('content-encoding'), await response.text()], ['gzip', LONG])
    }
  },
  {
    name: '@fastify/websocket',
    register: async app => {
      await app.register(websocket)
      await app.register(async own => { own.get('/own', { websocket: true }, socket => { socket.send('own') }) })
    },
    async works (t, { origin }) {
      await converse(`${origin.replace('http', 'ws')}/own`, {}, async ({ next }) => { t.equal(await next(), 'text:own') })
    }
  },
  {
    name: '@fastify/autoload',
    register: async (app, t) => {
      const dir = join(t.testdir({ routes: { own: { 'index.js': 'export default async app => { app.get("/", async () => "own") }' } } }), 'routes')
      await app.register(autoload, { dir })
    },
    async works (t, { origin }) {
      t.same(await text(`${origin}/own`), [200, 'own'])
    }
  },
  {
    name: '@fastify/sensible',
    register: async app => {
      await app.register(sensible)
      app.get('/own', async (_request, reply) => reply.conflict('twice'))
    },
    async works (t, { origin }) {
      t.match(await text(`${origin}/own`), [409, /twice/])
    }
  }
]

/** What the upstream answers to `/long`. */
export const LONG_ANSWER = LONG
