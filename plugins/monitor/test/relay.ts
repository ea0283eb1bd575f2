// What does a page see while a server is started again? An address that stays, with a server behind it or with none.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'

/** An address whose server may go and come. */
export class Relay {
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #port = 0

  constructor (t: Test) {
    t.teardown(() => this.leave())
  }

  /** Where it is, once it has been there. */
  get url (): string {
    return `http://127.0.0.1:${this.#port}/`
  }

  /** Is there, with a server behind it. */
  async come (url: string): Promise<void> {
    const target = Number(new URL(url).port)
    const server = createServer(near => {
      const far = connect(target, '127.0.0.1')
      for (const [socket, other] of [[near, far], [far, near]] as const) {
        this.#sockets.add(socket)
        socket.on('error', () => { other.destroy() })
        socket.on('close', () => {
          this.#sockets.delete(socket)
          other.destroy()
        })
      }
      near.pipe(far).pipe(near)
    })
    this.#server = server
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
  }

  /** Is gone: connections end, and none is taken. */
  async leave (): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    server.close()
    for (const socket of this.#sockets) socket.destroy()
    await once(server, 'close')
  }
}
