// How does a team leave IIS with its web.config? The file is read, and gives the plugins their options.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { readConfig } from '@fastify-arr/iis-config'
import { requestFilter } from '@fastify-arr/request-filter'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { urlRewrite } from '@fastify-arr/url-rewrite'
import Fastify from 'fastify'
import { WebSocketServer } from 'ws'

// Your backend, on the port that the rules lead to.
const http = createServer((request, response) => {
  response.setHeader('X-Powered-By', 'ASP.NET')
  response.end(`the backend at ${request.url}`)
}).listen(Number(process.env.BACKEND_PORT ?? 8080), 'localhost')
await once(http, 'listening')
const sockets = new WebSocketServer({ server: http })
sockets.on('connection', socket => { socket.on('message', message => { socket.send(`the backend heard ${message}`) }) })

const { options, report } = readConfig(process.env.WEB_CONFIG ?? `${import.meta.dirname}/web.config`)
// What IIS would do and nothing here does is told line by line.
if (!report.complete) console.warn('something of the file is lost: npx @fastify-arr/iis-config check web.config')

const fastify = Fastify()
await fastify.register(requestFilter, options.requestFilter)
await fastify.register(urlRewrite, options.urlRewrite)
await fastify.register(upstreamProxy, options.upstreamProxy)
fastify.addHook('onClose', async () => {
  sockets.close()
  http.close()
})

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => { fastify.close() })
console.log(await fastify.listen({ port: Number(process.env.PORT ?? 3000) }))
