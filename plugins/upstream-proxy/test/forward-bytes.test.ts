// The read buffer of a connection is used again and again: nobody may ever see another's bytes in it.
import { once } from 'node:events'
import { request as plainRequest, type ClientRequest, type IncomingMessage, type RequestListener } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { createServer as createSecure, request as secureRequest } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import { generate } from 'selfsigned'
import t, { type Test } from 'tap'
import { proxy, upstream } from './forward-subjects.ts'

const pems = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 } as never)
const tls = { key: pems.private, cert: pems.cert }

const SIZES = [1, 1000, 8191, 8192, 8193, 65_535, 65_536, 200_000, 1_000_000]

/** The body of the answer to request `n`: every four bytes say whose they are and where. */
function body (n: number): Buffer {
  const bytes = Buffer.alloc(SIZES[n % SIZES.length] as number)
  for (let i = 0; i + 4 <= bytes.length; i += 4) bytes.writeUInt32LE(((n << 20) ^ i) >>> 0, i)
  return bytes
}

const listener: RequestListener = (request, response) => {
  const n = Number((request.url as string).slice(1))
  const bytes = body(n)
  if (n % 3 === 0) response.setHeader('Content-Length', bytes.length)
  response.write(bytes.subarray(0, bytes.length >> 1))
  response.end(bytes.subarray(bytes.length >> 1))
}

/** Reads, and dawdles now and then, so that parts are left in buffers along the way. */
async function slowly (stream: Readable, n: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let count = 0
  stream.on('data', (part: Buffer) => {
    parts.push(part)
    if (++count % (2 + n % 5) === 0) {
      stream.pause()
      setTimeout(() => stream.resume(), n % 7)
    }
  })
  await once(stream, 'end')
  return Buffer.concat(parts)
}

async function many (t: Test, get: (n: number) => Promise<Buffer>): Promise<void> {
  let next = 0
  const wrong: number[] = []
  await Promise.all(Array.from({ length: 12 }, async () => {
    while (next < 100) {
      const n = next++
      if (!(await get(n)).equals(body(n))) wrong.push(n)
    }
  }))
  t.same(wrong, [])
}

async function answerTo (outgoing: ClientRequest, n: number): Promise<Buffer> {
  outgoing.end()
  const [response] = await once(outgoing, 'response') as [IncomingMessage]
  return slowly(response, n)
}

// Few connections for many requests: each buffer serves many.
const connections = { max: 4 }
const timeouts = { connect: 60_000 }

t.test('slow readers of HTTP/1.1 get their own bytes', async t => {
  const { port } = await proxy(t, { upstream: await upstream(t, listener), connections, timeouts })
  await many(t, n => answerTo(plainRequest({ port, host: '127.0.0.1', path: `/${n}`, agent: false }), n))
})

t.test('slow readers of HTTP/1.1 over TLS get their own bytes', async t => {
  const { port } = await proxy(t, { upstream: await upstream(t, listener), connections, timeouts }, { https: tls } as object)
  await many(t, n => answerTo(secureRequest({ port, host: '127.0.0.1', path: `/${n}`, agent: false, rejectUnauthorized: false }), n))
})

for (const secure of [true, false]) {
  t.test(`slow readers of HTTP/2 ${secure ? 'over TLS' : 'in plain text'} get their own bytes, beside some who leave`, async t => {
    const { port } = await proxy(t, { upstream: await upstream(t, listener), connections, timeouts }, (secure ? { http2: true, https: tls } : { http2: true }) as object)
    const client = connectHttp2(`${secure ? 'https' : 'http'}://127.0.0.1:${port}`, { rejectUnauthorized: false })
    t.teardown(() => client.destroy())
    await many(t, async n => {
      if (n % 4 === 0) {
        const leaving = client.request({ ':path': `/${n + 8}` })
        leaving.on('error', () => {})
        leaving.once('data', () => leaving.close(8))
      }
      return slowly(client.request({ ':path': `/${n}` }), n)
    })
  })
}

t.test('slow readers of HTTP/1.1, beside some who leave', async t => {
  const { port } = await proxy(t, { upstream: await upstream(t, listener), connections, timeouts })
  await many(t, async n => {
    const leaving = plainRequest({ port, host: '127.0.0.1', path: `/${n + 8}`, agent: false })
    leaving.on('error', () => {})
    leaving.on('response', response => {
      response.on('error', () => {})
      response.once('data', () => leaving.destroy())
    })
    leaving.end()
    return answerTo(plainRequest({ port, host: '127.0.0.1', path: `/${n}`, agent: false }), n)
  })
})

/** The same of an https upstream. */
async function secureUpstream (t: Test, listener: RequestListener): Promise<string> {
  const server = createSecure(tls, listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('slow readers of an https upstream get their own bytes', async t => {
  const { port } = await proxy(t, { upstream: await secureUpstream(t, listener), connections, timeouts, tls: { rejectUnauthorized: false } })
  await many(t, n => answerTo(plainRequest({ port, host: '127.0.0.1', path: `/${n}`, agent: false }), n))
})

for (const framing of ['sized', 'chunked']) {
  t.test(`every byte of an https upstream is right, though its client is slower (${framing})`, async t => {
    // Far more than the sockets in between hold.
    const large = Buffer.alloc(24_000_000)
    for (let i = 0; i + 4 <= large.length; i += 4) large.writeUInt32LE(i, i)
    const url = await secureUpstream(t, (_, response) => {
      if (framing === 'sized') response.setHeader('Content-Length', large.length)
      response.write(large)
      response.end()
    })
    const subject = await proxy(t, { upstream: url, timeouts, tls: { rejectUnauthorized: false } })
    const client = connect(subject.port, '127.0.0.1')
    t.teardown(() => client.destroy())
    // Of HTTP/1.0, for the body to come as it is.
    client.write('GET / HTTP/1.0\r\n\r\n')
    const parts: Buffer[] = []
    client.on('data', (part: Buffer) => {
      parts.push(part)
      if (parts.length % 40 !== 0) return
      client.pause()
      setTimeout(() => client.resume(), 3)
    })
    await once(client, 'close')
    const all = Buffer.concat(parts)
    const got = all.subarray(all.indexOf('\r\n\r\n') + 4)
    t.equal(got.length, large.length)
    let wrong = -1
    for (let i = 0; i + 4 <= got.length && wrong === -1; i += 4) if (got.readUInt32LE(i) !== i) wrong = i
    t.equal(wrong, -1, 'where the first wrong byte is')
  })
}
