// examples/socket-io: three servers, each client with its own, from its first poll to its reconnect.
import { io, type Socket } from 'socket.io-client'
import t, { type Test } from 'tap'
import { browser, withoutChromium } from '../chromium.ts'
import { endsInOrder, example } from './started.ts'

interface Client { socket: Socket, server: string }

const opened: Client[] = []

async function client (t: Test, url: string, options: object): Promise<Client> {
  const socket = io(url, { forceNew: true, reconnectionDelay: 1, ...options })
  t.teardown(() => { socket.close() })
  const welcome = heard<string>(socket, 'welcome')
  socket.on('connect_error', error => { t.fail(error.message) })
  const server = await welcome
  if (socket.io.engine.transport.name !== 'websocket') await new Promise(resolve => { socket.io.engine.on('upgrade', resolve) })
  const client = { socket, server }
  opened.push(client)
  return client
}

const heard = async <T>(socket: Socket, event: string): Promise<T> => await new Promise(resolve => { socket.once(event, resolve) })

t.test('clients are spread over the three servers, what one says is heard by those of its server, and it comes back to it', async t => {
  const started = await example(t, 'socket-io')
  const { url } = started
  const clients: Client[] = []
  // Of Node's clients, only those with `withCredentials` keep cookies.
  for (let i = 0; i < 6; i++) clients.push(await client(t, url, { withCredentials: true }))
  t.same(clients.map(({ server }) => server).sort(), ['one', 'one', 'three', 'three', 'two', 'two'])

  for (const { socket, server } of clients) {
    const mates = clients.filter(other => other.server === server)
    const all = Promise.all(mates.map(async ({ socket }) => await heard(socket, 'said')))
    const others = clients.filter(other => other.server !== server)
    const stranger = (): void => { t.fail('heard on another server') }
    for (const other of others) other.socket.once('said', stranger)
    socket.emit('say', 'hello')
    t.same(await all, mates.map(() => ({ by: socket.id, server, text: 'hello' })))
    for (const other of others) other.socket.off('said', stranger)
  }

  for (const name of ['ann', 'bob', 'cem', 'dan']) {
    const { socket, server } = await client(t, url, { query: { client: name } })
    const session = socket.id
    const again = heard<string>(socket, 'welcome')
    socket.io.engine.close()
    t.equal(await again, server, `${name}, whom the query names`)
    t.not(socket.id, session, 'in another session')
  }

  const [, cookie] = /(ARRAffinity=\w+)/.exec((await fetch(`${url}/socket.io/?EIO=4&transport=polling`)).headers.get('set-cookie') ?? '') ?? []
  const { socket, server } = await client(t, url, { extraHeaders: { cookie } })
  for (let times = 0; times < 3; times++) {
    const again = heard<string>(socket, 'welcome')
    socket.io.engine.close()
    t.equal(await again, server, 'whom the cookie names')
    if (socket.io.engine.transport.name !== 'websocket') await new Promise(resolve => { socket.io.engine.on('upgrade', resolve) })
  }
  // With clients that are connected; they come back to nobody.
  for (const { socket } of opened) socket.io.reconnection(false)
  await endsInOrder(t, started)
})

t.test('the page: what is said on it is heard on it', { skip: withoutChromium }, async t => {
  const { url } = await example(t, 'socket-io')
  const page = await (await browser(t)).newPage()
  await page.goto(url)
  await page.getByText('connected to server').waitFor()
  await page.getByPlaceholder('say something').fill('hello')
  await page.keyboard.press('Enter')
  await page.getByText(/^(one|two|three): hello$/).waitFor()
  t.pass('heard')
})
