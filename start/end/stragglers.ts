// What holds up a server that closes? Connections without a first byte, as browsers open them ahead of need, and requests
// that never end.
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

const FEW = 64

/** Node's `server.close` waits for both: here the first are closed at once, and all that are left after `patience`, ms. */
export function endStragglers (fastify: FastifyInstance, patience: number): void {
  let silent: Socket[] = []
  let many = FEW
  fastify.server.on('connection', (socket: Socket) => {
    // Filtered when it has doubled, which costs little per connection; a Set with many additions and deletions is expensive.
    if (silent.push(socket) < many) return
    silent = silent.filter(isSilent)
    many = Math.max(FEW, silent.length * 2)
  })
  fastify.addHook('preClose', async () => {
    for (const socket of silent) if (isSilent(socket)) socket.destroy()
    setTimeout(() => fastify.server.closeAllConnections(), patience).unref()
  })
}

function isSilent (socket: Socket): boolean {
  return !socket.destroyed && socket.bytesRead === 0
}
