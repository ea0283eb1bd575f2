// What becomes of a body that a hook of the user's looks at, reads, or replaces?
import { PassThrough, Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { ask, oneConnection, proxy, upstream } from './forward-subjects.ts'

// More than lies in any stream's buffer.
const BODY = 'x'.repeat(300_000)
const LATER = (app: FastifyInstance) => app.addHook('preValidation', () => new Promise(resolve => { setImmediate(resolve) }))

/** Posts twice over one connection, beside such hooks. */
async function posted (t: Parameters<typeof proxy>[0], prepare: (app: FastifyInstance) => unknown): Promise<{ answers: Array<{ status: number, body: string }>, asked: Array<{ length: string | undefined, body: string }> }> {
  const asked: Array<{ length: string | undefined, body: string }> = []
  const url = await upstream(t, async (request, response) => {
    request.on('error', () => {})
    let body = ''
    request.on('data', part => { body += String(part) })
    const whole = await new Promise(resolve => { request.on('end', () => resolve(true)).on('close', () => resolve(false)) })
    if (whole === true) asked.push({ length: request.headers['content-length'], body })
    response.end('ok')
  })
  const { port } = await proxy(t, { upstream: url, timeouts: { idle: 20_000 } }, {}, prepare)
  const agent = oneConnection(t)
  const answers = []
  for (let i = 0; i < 2; i++) {
    const { status, body } = await ask(port, { method: 'POST', agent, body: BODY, headers: { 'content-type': 'text/plain' } })
    answers.push({ status, body })
  }
  return { answers, asked }
}

const WHOLE = { length: String(BODY.length), body: BODY }
const OK = { status: 200, body: 'ok' }

for (const [what, prepare] of [
  ['counts the bytes', (app: FastifyInstance) => app.addHook('preParsing', (_request, _reply, payload, done) => {
    payload.on('data', () => {})
    done(null, payload)
  })],
  ['puts a stream behind it that nobody reads', (app: FastifyInstance) => app.addHook('preParsing', (_request, _reply, payload, done) => done(null, payload.pipe(new PassThrough())))]
] as const) {
  t.test(`where a hook ${what}, the body arrives as it was sent`, async t => {
    t.same(await posted(t, prepare), { answers: [OK, OK], asked: [WHOLE, WHOLE] })
  })
}

t.test('where a hook has read the body, what it gave in its place is sent', async t => {
  const { answers, asked } = await posted(t, app => app.addHook('preParsing', async (_request, _reply, payload) => {
    let body = ''
    for await (const part of payload) body += String(part)
    return Readable.from([Buffer.from(body.replaceAll('x', 'yz')), '', Buffer.alloc(0), 'ä€', '.'])
  }))
  t.same(answers, [OK, OK])
  const changed = { length: undefined, body: BODY.replaceAll('x', 'yz') + 'ä€.' }
  t.same(asked, [changed, changed])
})

for (const [what, prepare] of [
  ['has read the body and gave none in its place', (app: FastifyInstance) => app.addHook('preParsing', async (_request, _reply, payload) => {
    for await (const part of payload) String(part)
  })],
  ['listens, and another one takes its time', (app: FastifyInstance) => LATER(app.addHook('preParsing', (_request, _reply, payload, done) => {
    payload.on('data', () => {})
    done(null, payload)
  }))],
  ['gave a stream of something else', (app: FastifyInstance) => app.addHook('preParsing', async (_request, _reply, payload) => {
    for await (const part of payload) String(part)
    return Readable.from([{ length: 1 }, 7])
  })],
  ['gave a stream that fails', (app: FastifyInstance) => app.addHook('preParsing', async (_request, _reply, payload) => {
    for await (const part of payload) String(part)
    return new Readable({ read () { this.destroy(new Error('no more')) } })
  })],
  ['gave a stream that fails while the upstream is dialled', (app: FastifyInstance) => app.addHook('preParsing', async (_request, _reply, payload) => {
    for await (const part of payload) String(part)
    const given = new Readable({ read () {} })
    given.once('newListener', () => { process.nextTick(() => given.destroy(new Error('no more'))) })
    return given
  })],
  ['gave a stream that closes', (app: FastifyInstance) => app.addHook('preParsing', async (_request, _reply, payload) => {
    for await (const part of payload) String(part)
    return new Readable({ read () { this.destroy() } })
  })]
] as const) {
  t.test(`where a hook ${what}, the client is told at once, and no half of it passes for the whole`, async t => {
    const { answers, asked } = await posted(t, prepare)
    for (const answer of answers) {
      t.equal(answer.status, 500)
      t.match(answer.body, 'FST_ARR_PROXY_BODY_TAKEN')
    }
    t.same(asked, [])
  })
}
