// What is behind the proxies: one process that is three servers, each on an address of its own. Each says which it is.
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

for (const address of process.argv.slice(2)) {
  const server = createServer((_request, response) => { response.end(address) })
  const sockets = new WebSocketServer({ server, perMessageDeflate: false })
  sockets.on('connection', socket => {
    socket.on('error', () => {})
    socket.send(address)
    socket.on('message', data => socket.send(String(data)))
  })
  server.listen({ port: 8080, host: address, backlog: 4096 })
}
