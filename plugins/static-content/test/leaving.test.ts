// Clients that leave: no file stays open, whenever they do.
import { readdir, readlink } from 'node:fs/promises'
import { connect, constants } from 'node:http2'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import t from 'tap'
import { staticContent } from '../src/index.ts'
import { folderOf, get } from './folder.ts'

/** How many files below a folder this process has open. */
async function openIn (root: string): Promise<number> {
  let count = 0
  for (const name of await readdir('/proc/self/fd')) if ((await readlink(`/proc/self/fd/${name}`).catch(() => '')).startsWith(root)) count++
  return count
}

const skip = process.platform === 'linux' ? false : 'open files are counted in /proc'

t.test('an HTTP/2 client that resets its streams at any moment leaves no file open', { skip }, async t => {
  const root = await folderOf(t, { 'a.txt': 'x'.repeat(2_000_000) })
  const fastify = Fastify({ http2: true })
  t.teardown(() => fastify.close())
  // A hook that takes its time opens another moment to leave in.
  let turn = 0
  fastify.addHook('onSend', (_request, _reply, payload, done) => { if (turn++ % 2 === 0) setImmediate(done, null, payload); else done(null, payload) })
  await fastify.register(staticContent, { folders: [{ root, compress: true }] })
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const session = connect(`http://127.0.0.1:${(fastify.server.address() as AddressInfo).port}`)
  session.on('error', () => {})
  t.teardown(() => session.destroy())
  for (let round = 0; round < 120; round++) {
    await new Promise<void>(resolve => {
      const stream = session.request({ ':path': '/a.txt', ...round % 3 === 0 && { 'accept-encoding': 'gzip' } })
      stream.on('error', () => {})
      stream.on('close', resolve)
      const leave = (): void => { stream.close(constants.NGHTTP2_CANCEL) }
      // After no turn of the event loop, one, two …: each moment of the answer.
      let turns = round % 12
      const wait = (): void => { if (turns-- > 0) setImmediate(wait); else leave() }
      wait()
    })
  }
  // Ended by tap's time limit.
  while (await openIn(root) > 0) await new Promise(resolve => setTimeout(resolve, 20))
  t.pass('none is open')
})

t.test('a whole file arrives over HTTP/1.1 after that', async t => {
  const root = await folderOf(t, { 'a.txt': 'x'.repeat(2_000_000) })
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(staticContent, { folders: [{ root }] })
  t.equal((await get(fastify, '/a.txt')).body.length, 2_000_000)
})
