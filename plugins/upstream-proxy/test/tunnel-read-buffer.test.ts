// The private parts of Node that the reused read buffers lean on: there in the versions we know, and not missed elsewhere.
import { once } from 'node:events'
import { createServer, connect, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { readInto } from '../src/tunnel/read-buffer.ts'
import { eventually, listen } from './parts.ts'

const KNOWN = ['20', '22', '24']
const [major] = process.versions.node.split('.') as [string]

async function pair (t: Test): Promise<[near: Socket, far: Socket]> {
  const server = createServer()
  const port = await listen(t, server)
  const near = connect(port, '127.0.0.1')
  t.teardown(() => near.destroy())
  const [far] = await once(server, 'connection') as [Socket]
  return [near, far]
}

t.test('a socket that a server accepted is read into a buffer that is reused', { skip: !KNOWN.includes(major) && `Node ${major} is not known` }, async t => {
  const [near, far] = await pair(t)
  let text = ''
  const buffers = new Set<unknown>()
  t.ok(readInto(far, bytes => {
    buffers.add(bytes.buffer)
    text += bytes.toString()
    return true
  }))
  far.resume()
  const ended = once(far, 'end')
  for (let i = 0; i < 20; i++) {
    near.write(`${i} `)
    await new Promise(resolve => setImmediate(resolve))
  }
  near.end()
  await ended
  t.equal(text, Array.from({ length: 20 }, (_, i) => `${i} `).join(''))
  t.equal(buffers.size, 1)
})

t.test('false stops the reading until resume', { skip: !KNOWN.includes(major) && `Node ${major} is not known` }, async t => {
  const [near, far] = await pair(t)
  let reads = 0
  readInto(far, () => {
    reads++
    return false
  })
  far.resume()
  near.write('a')
  await eventually(() => reads === 1, 'it is read')
  near.write('b')
  await new Promise(resolve => setTimeout(resolve, 50))
  t.equal(reads, 1)
  far.resume()
  await eventually(() => reads === 2, 'it is read again')
  t.equal(reads, 2)
})

t.test('what is no plain socket, or lacks a part, is left as it is', async t => {
  t.notOk(readInto(new PassThrough(), () => true))
  const [, far] = await pair(t)
  t.notOk(readInto(Object.defineProperty(far, 'encrypted', { value: true }), () => true), 'TLS')
  const [, other] = await pair(t)
  ;(other as unknown as { _handle: { useUserBuffer?: unknown } })._handle.useUserBuffer = undefined
  t.notOk(readInto(other, () => true), 'no useUserBuffer')
  const symbols = Object.getOwnPropertySymbols(other).filter(symbol => symbol.description === 'kBufferCb')
  t.ok(symbols.every(symbol => (other as unknown as Record<symbol, unknown>)[symbol] == null))
})
