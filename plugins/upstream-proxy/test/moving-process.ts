// One process of a hand-over: it does what its parent says, by messages.
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { TunnelRecord } from '@fastify-arr/facts'
import { holdStill } from '../src/hand-over/hold-still.ts'
import type { } from '../src/index.ts'

/** What a process can be told to do. */
export type Order = 'handOver' | 'tunnels' | 'close' | 'closeAll' | 'text'

export interface Message {
  readonly order?: Order
  readonly number?: number
  /** A tunnel on its way: its number, and which of its sockets comes with the message. */
  readonly tunnel?: number
  readonly part?: 'client' | 'upstream'
  readonly record?: TunnelRecord
  /** The other process has it, or not. */
  readonly taken?: boolean
  readonly code?: string
  readonly result?: unknown
  readonly port?: number
}

/** Takes orders from the parent. `text` answers the order of that name. */
export async function takeOrders (app: FastifyInstance, text: () => unknown = () => ''): Promise<void> {
  const waiting = new Map<number, (taken: boolean) => void>()
  const half = new Map<number, { record: TunnelRecord, client: Socket | undefined }>()
  let count = 0
  const tell = (message: Message, socket?: Socket): boolean => process.send?.(message, socket, { keepOpen: true }) ?? false
  process.on('message', (message: Message, socket: Socket | undefined) => {
    if (message.order !== undefined) obey(message.order, message.number as number).catch(error => { throw error })
    else if (message.taken !== undefined) waiting.get(message.tunnel as number)?.(message.taken)
    else take(message, socket)
  })
  const onDisconnect = (): never => process.exit(1)
  process.on('disconnect', onDisconnect)
  await app.listen({ port: 0, host: '127.0.0.1' })
  tell({ port: (app.server.address() as { port: number }).port })

  async function obey (order: Order, number: number): Promise<void> {
    let result: unknown = null
    if (order === 'handOver') {
      result = await app.tunnels.handOver((record, client, upstream) => new Promise(resolve => {
        const tunnel = count++
        waiting.set(tunnel, resolve)
        tell({ tunnel, part: 'client', record }, client)
        tell({ tunnel, part: 'upstream' }, upstream)
      }))
    } else if (order === 'tunnels') {
      result = [...app.tunnels]
    } else if (order === 'closeAll') {
      result = app.tunnels.closeAll({}, 4000)
    } else if (order === 'text') {
      result = await text()
    } else {
      await app.close()
    }
    tell({ number, result })
    if (order !== 'close') return
    process.off('disconnect', onDisconnect)
    process.disconnect()
  }

  function take ({ tunnel, part, record }: Message, socket: Socket | undefined): void {
    const number = tunnel as number
    if (socket !== undefined && process.env.GREEDY === undefined) holdStill(socket)
    if (part === 'client') {
      half.set(number, { record: record as TunnelRecord, client: socket })
      return
    }
    const { client, record: whole } = half.get(number)!
    half.delete(number)
    try {
      if (client === undefined || socket === undefined) throw new Error('a socket is missing')
      app.tunnels.adopt(whole, client, socket)
      tell({ tunnel: number, taken: true })
    } catch (error) {
      client?.destroy()
      socket?.destroy()
      tell({ tunnel: number, taken: false, code: (error as { code?: string }).code ?? String(error) })
    }
  }
}
