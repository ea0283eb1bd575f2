// Much at once, through buffers that are used again: not a byte changes, however slowly it is taken.
import { createHash, type Hash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { generate } from 'selfsigned'
import t, { type Test } from 'tap'
import { giveBack, takeBuffer } from '../src/tunnel/ways/read-buffer.ts'
import { eventually, frame, proxy, shakeHands, tcpUpstream } from './parts.ts'

const TOTAL = 12 * 1024 * 1024
const SOURCE = randomBytes(4 * 1024 * 1024)
const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' } as never) as { private: string, cert: string }

/** An open tunnel with its two ends; the client's by TLS or not. */
async function ends (t: Test, secure: boolean): Promise<{ near: Duplex, far: Socket }> {
  let accepted!: (socket: Socket) => void
  const connected = new Promise<Socket>(resolve => { accepted = resolve })
  const { url } = await tcpUpstream(t, socket => accepted(socket))
  const { port } = await proxy(t, { upstream: url }, secure ? { server: { https: { key, cert } } } : {})
  const near = secure ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }) : connect({ port, host: '127.0.0.1' })
  t.teardown(() => near.destroy())
  near.on('error', () => {})
  return { near, far: await shakeHands(near, connected) }
}

interface Flow {
  bytes: number
  readonly hash: Hash
}

/** Sends frames of all sizes, with pauses, so that reads are now large and now small. */
async function pour (to: Duplex, seed: number): Promise<Flow> {
  const flow = { bytes: 0, hash: createHash('sha256') }
  const random = randomFrom(seed)
  while (flow.bytes < TOTAL) {
    const size = random(3) === 0 ? random(200) : random(400_000)
    const at = random(SOURCE.length - size)
    const bytes = frame(2, SOURCE.subarray(at, at + size))
    flow.hash.update(bytes)
    flow.bytes += bytes.length
    if (!to.write(bytes)) await once(to, 'drain')
    if (random(8) === 0) await new Promise(setImmediate)
  }
  return flow
}

/** Takes everything, with pauses of all lengths. */
function drink (from: Duplex, seed: number): Flow {
  const flow = { bytes: 0, hash: createHash('sha256') }
  const random = randomFrom(seed)
  from.on('data', (chunk: Buffer) => {
    flow.bytes += chunk.length
    flow.hash.update(chunk)
    if (random(20) > 0) return
    from.pause()
    setTimeout(() => from.resume(), random(15))
  })
  from.resume()
  return flow
}

async function same (t: Test, taken: Flow, sent: Flow): Promise<void> {
  await eventually(() => taken.bytes >= sent.bytes, `${sent.bytes} bytes arrive`)
  t.equal(taken.bytes, sent.bytes)
  t.equal(taken.hash.digest('hex'), sent.hash.digest('hex'))
}

function randomFrom (seed: number): (below: number) => number {
  return below => (seed = seed * 48_271 % 2_147_483_647) % below
}

for (const secure of [false, true]) {
  t.test(`what an upstream pours arrives whole at a client that takes its time${secure ? ', over TLS' : ''}`, async t => {
    const { near, far } = await ends(t, secure)
    const taken = drink(near, 11)
    await same(t, taken, await pour(far, 7))
  })

  t.test(`both sides pour and drink at once${secure ? ', over TLS' : ''}`, async t => {
    const { near, far } = await ends(t, secure)
    const [atClient, atUpstream] = [drink(near, 13), drink(far, 17)]
    const [down, up] = await Promise.all([pour(far, 3), pour(near, 5)])
    await same(t, atClient, down)
    await same(t, atUpstream, up)
  })
}

/** All the buffers there are for bulk. */
function takeAll (): Buffer[] {
  const all: Buffer[] = []
  for (let buffer = takeBuffer(); buffer !== null; buffer = takeBuffer()) all.push(buffer)
  return all
}

t.test('tunnels that end while they move bulk give their buffers up', async t => {
  const { near, far } = await ends(t, false)
  const taken = drink(near, 19)
  far.on('error', () => {})
  pour(far, 23).catch(() => {})
  await eventually(() => taken.bytes > 1_000_000, 'it moves bulk')
  near.destroy()
  await eventually(() => {
    const all = takeAll()
    for (const buffer of all) giveBack(buffer)
    return all.length === 128
  }, 'every buffer is there')
})

t.test('where no buffer is left, bulk passes all the same', async t => {
  const all = takeAll()
  t.teardown(() => { for (const buffer of all) giveBack(buffer) })
  t.equal(all.length, 128)
  const { near, far } = await ends(t, false)
  const taken = drink(near, 29)
  await same(t, taken, await pour(far, 31))
})
