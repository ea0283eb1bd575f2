// How are connections taken where all workers accept from the same sockets? Whoever has time does; who has more than others rests.
import type { Server } from 'node:net'
import { constants } from 'node:os'
import type { Bind, FromWorker, Handle, ToWorker } from '../../exchange/messages.ts'
import type { Doors } from './doors.ts'
import { Gate, type ListeningSocket } from './gate.ts'
import { announce, listenBy, type Answer, type Wish } from './listening.ts'
import { Load } from './load.ts'
import { Turns } from './turns.ts'

/** A server that listens, or is about to. */
interface Door {
  readonly key: string
  readonly server: Server
  readonly answer: Answer
  gate: Gate | null
  /** Since when a socket is on its way, ms of `performance.now()`; null where none is. */
  asked: number | null
  /** Called when it has come. */
  readonly opened: Array<() => void>
}

/** What a server of TLS has, by which all workers know its session tickets: as node:cluster does. Not documented. */
type Sharing = Server & { _getServerData?: () => unknown, _setServerData?: (data: unknown) => void }

// ms
const LOST = 1000

export class Gates implements Doors {
  readonly #tell: (message: FromWorker) => boolean
  readonly #doors = new Map<number, Door>()
  readonly #load: Load
  /** For what is not shared. */
  readonly #turns = new Turns()
  #next = 0
  #isOpen = false
  #rests = false

  /** Servers listen, and take nothing until `open`. */
  readonly release: () => void

  constructor (tell: (message: FromWorker) => boolean, tunnels: () => number) {
    this.#tell = tell
    this.#load = new Load(tell, () => [...this.#doors.values()].map(({ server }) => server), tunnels, () => this.#seek())
    const undo = listenBy((own, server, wish, answer) => {
      if (wish.addressType === 4 || wish.addressType === 6) this.#listen(server, wish, answer)
      else own(server, wish, answer)
    })
    this.release = () => {
      undo()
      this.#turns.release()
      this.#load.end()
    }
  }

  async open (): Promise<void> {
    this.#isOpen = true
    await this.#turns.open()
    this.#load.begin()
    await Promise.all([...this.#doors].map(async ([id, door]) => {
      if (door.gate?.lacks !== true) return
      await new Promise<void>(resolve => {
        door.opened.push(resolve)
        this.#ask(id, door)
      })
    }))
  }

  shut (): void {
    this.#isOpen = false
    this.#load.end()
    this.#turns.shut()
    for (const { gate, key } of this.#doors.values()) {
      gate?.drop()
      this.#tell({ arrWorkers: 'closed', key })
    }
  }

  rest (rests: boolean): void {
    this.#rests = rests
    for (const [id, door] of this.#doors) {
      if (rests) door.gate?.drop()
      else if (door.gate?.lacks === true) this.#ask(id, door)
    }
  }

  closing (): void {
    this.#load.end()
  }

  came ({ id, error, data }: ToWorker & { readonly arrWorkers: 'socket' }, handle: Handle | undefined): void {
    const door = this.#doors.get(id)
    if (door === undefined) return handle?.close()
    door.asked = null
    const socket = handle as ListeningSocket | undefined
    if (door.gate !== null) {
      if (socket !== undefined) door.gate.take(socket)
      for (const opened of door.opened.splice(0)) opened()
      return
    }
    if (error !== 0 || socket === undefined) {
      this.#doors.delete(id)
      door.answer(error, null)
      return
    }
    door.gate = new Gate(socket, () => this.#isOpen && !this.#rests, () => { this.#load.taken() }, () => { this.#close(id, door) })
    if (data !== undefined) (door.server as Sharing)._setServerData?.(data)
    door.answer(0, door.gate)
  }

  #listen (server: Server, wish: Wish, answer: Answer): void {
    const { address, port, addressType, flags = 0 } = wish
    server.once('listening', () => { announce(server, wish) })
    // Two servers of a worker may want any free port, and get two: the same two in each worker.
    const place = `${address ?? ''} ${port} ${addressType} ${flags}`
    const keys = new Set([...this.#doors.values()].map(({ key }) => key))
    let index = 0
    while (keys.has(`${place} ${index}`)) index++
    const door: Door = { key: `${place} ${index}`, server, answer, gate: null, asked: null, opened: [] }
    const id = this.#next++
    this.#doors.set(id, door)
    const data = (server as Sharing)._getServerData?.()
    if (this.#ask(id, door, { address, port: port ?? 0, addressType: addressType as 4 | 6, flags, ...data !== undefined && { data } })) return
    this.#doors.delete(id)
    process.nextTick(answer, -constants.errno.ENOTCONN, null)
  }

  #ask (id: number, door: Door, bind?: Bind): boolean {
    if (door.asked === null && this.#tell({ arrWorkers: 'socket', id, key: door.key, ...bind !== undefined && { bind } })) door.asked = performance.now()
    return door.asked !== null
  }

  /** Whether all doors that should be open are. A socket that comes when this process has no descriptor left is lost, and its message with it. */
  #seek (): boolean {
    let found = true
    for (const [id, door] of this.#doors) {
      if (door.gate?.lacks !== true) continue
      found = false
      if (door.asked !== null && performance.now() - door.asked > LOST) door.asked = null
      this.#ask(id, door)
    }
    return found
  }

  #close (id: number, { key, opened }: Door): void {
    this.#doors.delete(id)
    for (const over of opened.splice(0)) over()
    this.#tell({ arrWorkers: 'closed', key })
  }
}
