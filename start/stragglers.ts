// Who holds up a server that closes? Connections that have said nothing yet, as browsers open them ahead of need, and
// requests that never come to their end.
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

const FEW = 64

/** Node's own closing waits for both: here the first are closed at once, and whatever is left after `patience`, ms. */
export function endStragglers (fastify: FastifyInstance, patience: number): void {
  let silent: Socket[] = []
  let many = FEW
  fastify.server.on('connection', (socket: Socket) => {
    // Looked through when it has doubled, which costs each of them next to nothing; a Set that many join and leave is dear.
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
