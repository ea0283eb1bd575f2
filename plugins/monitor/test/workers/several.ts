// Two workers with one page, as processes of their own, with an upstream that echoes.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import type { WorkersView } from '../../src/messages/index.ts'

export interface Several {
  readonly port: number
  /** Of the page. */
  readonly url: string
  reload (): Promise<void>
  open (): Promise<WebSocket>
}

export async function several (t: Test): Promise<Several> {
  const upstream = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  upstream.on('connection', socket => { socket.on('error', () => {}).on('message', message => { socket.send(message) }) })
  await once(upstream, 'listening')
  const [port, page] = [await freePort(), await freePort()]
  const child = fork(fileURLToPath(new URL('supervisor.ts', import.meta.url)), [String(port), String(page), String((upstream.address() as AddressInfo).port)], { execArgv: ['--import=tsx', '--conditions=@fastify-arr/source'], env: { ...process.env, NODE_OPTIONS: '' } })
  const exit = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exit
    for (const client of upstream.clients) client.terminate()
    upstream.close()
  })
  const ask = async (word: string): Promise<unknown> => {
    child.send(word)
    const [answer] = await once(child, 'message')
    return answer
  }
  t.equal(await ask('started'), true)
  return {
    port,
    url: `http://127.0.0.1:${page}/`,
    async reload () { t.match(await ask('reload'), { ok: true }) },
    async open () {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
      t.teardown(() => { socket.terminate() })
      socket.on('error', () => {})
      await once(socket, 'open')
      return socket
    }
  }
}

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export interface Listening<View> {
  /** All that it has told, the newest last. */
  readonly told: View[]
  /** Resolves with the first value, of those told already or to come, that is as wanted. */
  until (isWanted: (view: View) => boolean): Promise<View>
  /** As `until`, of the list of workers. */
  workers (isWanted: (view: WorkersView) => boolean): Promise<WorkersView>
  readonly hello: () => { readonly process: number }
  readonly over: Promise<void>
}

/** Listens to one view at whichever worker it reaches. */
export async function listen<View> (t: Test, url: string, query: string): Promise<Listening<View>> {
  const asking = get(`${url}events?${query}`, { agent: false }).on('error', () => {})
  t.teardown(() => { asking.destroy() })
  const [response] = await once(asking, 'response') as [IncomingMessage]
  if (response.statusCode !== 200) throw new Error(String(response.statusCode))
  const events = new Map<string, any[]>()
  const name = new URLSearchParams(query).get('view') as string
  const told: View[] = []
  events.set(name, told).set('workers', []).set('hello', [])
  let rest = ''
  response.setEncoding('utf8').on('error', () => {}).on('data', (part: string) => {
    const messages = (rest + part).split('\n\n')
    rest = messages.pop() as string
    for (const message of messages) {
      const [, event = '', data = ''] = /^event: (\w+)\ndata: (.*)$/s.exec(message) ?? []
      events.get(event)?.push(JSON.parse(data))
    }
  })
  const over = new Promise<void>(resolve => { response.once('close', resolve) })
  const find = async (list: any[], isWanted: (value: any) => boolean): Promise<any> => {
    for (let seen = 0; ;) {
      for (; seen < list.length; seen++) if (isWanted(list[seen])) return list[seen]
      await Promise.race([once(response, 'data'), over.then(() => { throw new Error(`it ended, after ${JSON.stringify(list.at(-1))}`) })])
    }
  }
  return {
    told,
    over,
    until: async isWanted => await find(told, isWanted),
    workers: async isWanted => await find(events.get('workers') as any[], isWanted),
    hello: () => (events.get('hello') as any[])[0]
  }
}
