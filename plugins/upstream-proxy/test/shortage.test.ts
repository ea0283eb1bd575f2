// What happens where a process has no file descriptor left? Connections that get none fail with an error, all others go on, and the log has one line.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { Held } from './fixtures/leaving-proxy.ts'
import { client, eventually, handshake, until } from './parts.ts'
import { agreeing, CERT, KEY_PEM } from './tunnel-subjects.ts'

const LIMIT = 256
const CLIENTS = 400
let refused = 0

// A WebSocket takes two descriptors: which of them is the first that is missing depends on whether their number is even.
for (const idle of [0, 1]) {
  t.test(`${CLIENTS} clients of a process that may open ${LIMIT} files, and ${idle} idle ones: the log says so in one line, and all is well once they have left`, { skip: process.platform === 'win32' && 'there is no such limit' }, async t => {
    const upstream = await agreeing(t)
    const child = spawn('sh', ['-c', `ulimit -n ${LIMIT} && exec "$0" "$@"`,
      process.execPath, '--import=tsx', '--conditions=@fastify-arr/source', join(import.meta.dirname, 'fixtures', 'leaving-proxy.ts')
    ], { env: { ...process.env, NODE_OPTIONS: '', UPSTREAM: upstream.url, KEY: KEY_PEM, CERT }, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    t.teardown(() => child.kill('SIGKILL'))
    const lines: string[] = []
    const exit = once(child, 'exit')
    child.on('message', (message: { line?: string }) => {
      if (message.line !== undefined) lines.push(message.line)
    })
    const [{ ports: [port] }] = await once(child, 'message') as [{ ports: number[] }]

    const answers: string[] = []
    const sockets: Socket[] = Array.from({ length: idle }, () => client(t, port as number))
    await Promise.all(sockets.map(socket => once(socket, 'connect')))
    /** Asks for a WebSocket. Resolves with the status; with nothing where the connection is closed without one. */
    const ask = (): Promise<string> => new Promise(resolve => {
      const socket = connect(port as number, '127.0.0.1')
      sockets.push(socket)
      socket.on('error', () => {})
      socket.on('close', () => resolve(''))
      socket.once('data', chunk => {
        answers.push(String(chunk).slice(9, 12))
        resolve(answers.at(-1) as string)
      })
      socket.write(handshake())
    })
    while (await ask() === '101');
    t.ok(answers.length > 20, `${answers.length - 1} are served one after the other`)
    await Promise.all(Array.from({ length: CLIENTS - answers.length }, ask))
    t.ok(answers.every(status => status === '101' || status === '503'), 'who is not served is told that there are too many, or let go')
    const about = () => lines.map(line => JSON.parse(line) as { msg: string, count: number, level: number }).filter(({ msg }) => msg.includes('descriptor'))
    await eventually(() => about().length > 0, 'the log has its line')
    const said = about()
    t.equal(said.length, 1)
    t.match(said[0], { level: 50, msg: /no file descriptor left.*ulimit -n/ })
    t.ok(said[0]!.count >= answers.filter(status => status === '503').length, `${said[0]!.count} were counted`)
    refused += said[0]!.count

    for (const socket of sockets) socket.destroy()
    for (let tunnels = -1; tunnels !== 0;) {
      child.send('what do you hold?')
      tunnels = (await once(child, 'message') as [{ held?: Held }])[0].held?.tunnels ?? -1
    }
    const socket = client(t, port as number)
    socket.write(handshake())
    t.match(await until(socket, text => text.includes('\r\n\r\n')), /^HTTP\/1\.1 101 /)
    socket.destroy()
    child.send('close')
    t.same(await exit, [0, null])
  })
}

t.test('connections to upstreams that were not opened are counted', { skip: process.platform === 'win32' && 'there is no such limit' }, async t => {
  t.ok(refused > 0, `${refused} of them`)
})
