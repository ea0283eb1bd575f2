// A process full of clients: it opens WebSockets that talk, asks by HTTP all the time, and tells what it has counted.
import { once } from 'node:events'
import { Agent as HttpAgent, get as httpGet } from 'node:http'
import { Agent as HttpsAgent, get as httpsGet } from 'node:https'
import { WebSocket } from 'ws'
import { Numbered, Talking, type Counts } from './numbered.ts'

/** What it can be told: the paths of the WebSockets to open, or a word. */
export type Order = { readonly open: readonly string[] } | { readonly word: 'talk' | 'hush' | 'ask' | 'rest' | 'tell' }

/** What it answers to `tell`. */
export interface Told {
  readonly sockets: readonly Counts[]
  readonly answered: number
  /** What requests have failed with. */
  readonly failed: readonly string[]
}

// At a time: a machine that is too slow for the rate is asked less often.
const MOST_ASKED = 40
const KEPT = 8

const [port = '', isSecure = '', rate = '', every = ''] = process.argv.slice(2)
const secure = isSecure === 'true'
const where = { host: '127.0.0.1', port: Number(port), rejectUnauthorized: false }
// Each connection in its turn: none lies unused until its server closes it.
const settings = { keepAlive: true, maxSockets: KEPT, scheduling: 'fifo' } as const
const kept = secure ? new HttpsAgent(settings) : new HttpAgent(settings)
const talking = new Talking(Number(every))
const failed: string[] = []
let [asked, answered, isAsking] = [0, 0, false]

function ask (): void {
  // A handshake of TLS costs as much as many requests.
  const isNew = asked++ % (secure ? 20 : 2) === 0
  const over = (error: Error | null): void => {
    answered++
    if (error !== null) failed.push(`${isNew ? 'new' : 'kept'}: ${error.message}`)
  }
  const request = (secure ? httpsGet : httpGet)({ ...where, path: '/', agent: isNew ? false : kept }, response => {
    let text = ''
    response.on('data', chunk => { text += String(chunk) })
    response.on('end', () => { over(response.statusCode === 200 && text === 'well' ? null : new Error(`${response.statusCode} ${text}`)) })
    response.on('error', over)
  })
  request.on('error', over)
}

async function obey (order: Order): Promise<Told | null> {
  if ('open' in order) {
    for (const path of order.open) {
      const socket = new WebSocket(`${secure ? 'wss' : 'ws'}://127.0.0.1:${port}${path}`, { rejectUnauthorized: false, perMessageDeflate: false })
      // It listens before the first message may come.
      talking.add(new Numbered(path, socket))
      await once(socket, 'open')
    }
  } else if (order.word === 'talk') talking.start()
  else if (order.word === 'hush') talking.stop()
  else if (order.word === 'ask') isAsking = true
  else if (order.word === 'rest') {
    isAsking = false
    const isOver = (): boolean => answered >= asked
    while (!isOver()) await new Promise(resolve => { setTimeout(resolve, 10) })
  } else return { sockets: talking.counts, answered, failed }
  return null
}

let [last, due] = [performance.now(), 0]
setInterval(() => {
  const now = performance.now()
  due = isAsking ? Math.min(due + Number(rate) * (now - last) / 1000, MOST_ASKED) : 0
  last = now
  for (; due >= 1 && asked - answered < MOST_ASKED; due--) ask()
}, 10)
process.on('message', ({ id, order }: { id: number, order: Order }) => {
  obey(order).then(told => { process.send?.({ id, told }) }, error => { process.send?.({ id, error: String(error) }) })
})
process.on('disconnect', () => { process.exit() })
