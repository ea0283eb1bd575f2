// The private parts of Node that the reused read buffers lean on: there in the versions we know, and not missed elsewhere.
import { once } from 'node:events'
import { createServer, connect, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { generate } from 'selfsigned'
import t, { type Test } from 'tap'
import { readInto } from '../src/tunnel/ways/read-buffer.ts'
import { eventually, listen } from './parts.ts'

const KNOWN = ['20', '22', '24']
const [major] = process.versions.node.split('.') as [string]

const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' } as never) as { private: string, cert: string }

async function pair (t: Test, secure = false): Promise<[near: Socket, far: Socket]> {
  const server = secure ? createTlsServer({ key, cert }) : createServer()
  const port = await listen(t, server)
  const near = secure ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }) : connect(port, '127.0.0.1')
  t.teardown(() => near.destroy())
  const [far] = await once(server, secure ? 'secureConnection' : 'connection') as [Socket]
  return [near, far]
}

for (const secure of [false, true]) {
  t.test(`a socket that a server accepted is read into a buffer that is reused${secure ? ', of TLS too' : ''}`, { skip: !KNOWN.includes(major) && `Node ${major} is not known` }, async t => {
    const [near, far] = await pair(t, secure)
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
}

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
  const [, other] = await pair(t)
  ;(other as unknown as { _handle: { useUserBuffer?: unknown } })._handle.useUserBuffer = undefined
  t.notOk(readInto(other, () => true), 'no useUserBuffer')
  const symbols = Object.getOwnPropertySymbols(other).filter(symbol => symbol.description === 'kBufferCb')
  t.ok(symbols.every(symbol => (other as unknown as Record<symbol, unknown>)[symbol] == null))
})
