// Ten thousand answers, valid and not, made from a seed: never a crash, never a hang, never a lie.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import t from 'tap'
import { BadAnswer, type AnswerHead } from '../src/forward/answer-head.ts'
import { AnswerParser, type AnswerSink } from '../src/forward/answer-parser.ts'
import { talk, proxy } from './forward-subjects.ts'

const SEED = Number(process.env.FUZZ_SEED ?? 20220930)

/** mulberry32: small, and the same everywhere. */
function randomly (seed: number): (below: number) => number {
  return below => {
    seed = (seed + 0x6d2b79f5) | 0
    let x = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) % below
  }
}

interface Made {
  /** What goes over the wire. */
  readonly bytes: string
  /** What a valid one says; null where it was broken on purpose. */
  readonly status: number
  readonly body: string
  readonly broken: boolean
  readonly framing: string
}

const TEXT = 'abcdefghijklmnopqrstuvwxyz0123456789 \r\n\t:;=,{}\u00e9\u00ff'
const REASONS = ['OK', '', 'Not So Bad', 'Caf\u00e9']
const FIELDS = ['X-A: 1', 'x-a: 2', 'Set-Cookie: a=b; Path=/', 'ETag: "x"', 'Vary: *', 'X-Empty:', 'X-Space:   y  ', 'Keep-Alive: timeout=5', 'Location: /elsewhere', 'X-Byte: \u00fe']

function make (below: (n: number) => number): Made {
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T
  const text = (length: number) => Array.from({ length }, () => TEXT[below(TEXT.length)]).join('')
  const status = pick([200, 200, 200, 201, 206, 301, 400, 404, 500, 503, 204, 304, 299, 999])
  const fields = Array.from({ length: below(5) }, () => pick(FIELDS))
  const framing = status === 204 || status === 304 ? 'none' : pick(['sized', 'sized', 'chunked', 'chunked', 'until-close'])
  const body = framing === 'none' ? '' : text(pick([0, 1, 5, 50, 500, 20_000]))
  let payload = body
  if (framing === 'sized') {
    fields.push(pick(['Content-Length', 'content-length', 'CONTENT-LENGTH']) + ': ' + body.length)
  } else if (framing === 'chunked') {
    fields.push(pick(['Transfer-Encoding: chunked', 'transfer-encoding:CHUNKED']))
    payload = ''
    for (let at = 0; at < body.length;) {
      const size = 1 + below(Math.max(1, Math.min(5000, body.length - at)))
      payload += size.toString(16) + pick(['', '', ';ext', ';a=b']) + '\r\n' + body.slice(at, at + size) + '\r\n'
      at += size
    }
    payload += pick(['0', '000']) + '\r\n' + pick(['', '', 'X-T: 1\r\n']) + '\r\n'
  } else if (framing === 'until-close') {
    fields.push('Connection: close')
  }
  const interim = pick(['', '', '', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'])
  for (let i = fields.length - 1; i > 0; i--) {
    const j = below(i + 1)
    ;[fields[i], fields[j]] = [fields[j] as string, fields[i] as string]
  }
  const head = `HTTP/1.1 ${status} ${pick(REASONS)}\r\n${fields.map(field => `${field}\r\n`).join('')}\r\n`
  let bytes = interim + head + payload
  const broken = below(2) === 0
  if (broken) {
    for (let n = 1 + below(3); n > 0; n--) {
      const at = below(bytes.length + 1)
      const some = pick(['\r', '\n', '\0', ' ', ':', '0', 'f', '\r\n', '\r\n\r\n', 'HTTP/1.1 ', 'Content-Length: 3\r\n', 'Transfer-Encoding: chunked\r\n', '\u00ff', text(below(20))])
      switch (below(4)) {
        case 0: bytes = bytes.slice(0, at) + some + bytes.slice(at); break
        case 1: bytes = bytes.slice(0, at) + bytes.slice(at + 1 + below(4)); break
        case 2: bytes = bytes.slice(0, at) + some + bytes.slice(at + some.length); break
        case 3: bytes = bytes.slice(0, at)
      }
    }
  }
  return { bytes, status, body, broken, framing }
}

interface Read {
  head: AnswerHead | null
  body: string
  ended: number
  error: unknown
}

/** Reads in parts that are cut anywhere, from a buffer that is written over between them. */
function readInParts (made: Made, below: (n: number) => number): Read {
  const read: Read = { head: null, body: '', ended: 0, error: null }
  const sink: AnswerSink = {
    information () {},
    head (head) { read.head = head },
    body (part) { read.body += part.toString('latin1') },
    end (last) {
      if (last !== null) read.body += last.toString('latin1')
      read.ended++
    }
  }
  const parser = new AnswerParser(sink, 65_536)
  parser.expect('GET')
  const all = Buffer.from(made.bytes, 'latin1')
  const buffer = Buffer.alloc(65_536)
  try {
    for (let at = 0; at < all.length;) {
      const size = Math.min(all.length - at, 1 + below([1, 3, 50, 30_000][below(4)] as number))
      all.copy(buffer, 0, at, at + size)
      at += size
      parser.push(buffer.subarray(0, size))
      buffer.fill(0x58)
    }
    parser.finish()
  } catch (error) {
    read.error = error
  }
  return read
}

t.test(`the reader takes 10,000 answers (seed ${SEED})`, async t => {
  const below = randomly(SEED)
  let valid = 0
  let refused = 0
  for (let i = 0; i < 10_000; i++) {
    const made = make(below)
    const read = readInParts(made, below)
    if (read.error !== null && !(read.error instanceof BadAnswer)) {
      t.fail(`answer ${i}: ${String(read.error)}`, { bytes: made.bytes })
    } else if (!made.broken) {
      valid++
      if (read.error !== null || read.ended !== 1 || read.head?.status !== made.status || read.body !== made.body) {
        t.fail(`answer ${i} is valid`, { ...made, read })
      }
    } else if (read.error !== null) {
      refused++
      if (read.ended > 1) t.fail(`answer ${i} ended twice`)
    }
  }
  t.ok(valid > 4000 && refused > 1500, `${valid} valid ones were read as they were meant, ${refused} broken ones were refused`)
})

t.test(`the proxy relays 10,000 answers (seed ${SEED})`, { timeout: 110_000 }, async t => {
  const below = randomly(SEED + 1)
  const answers = Array.from({ length: 10_000 }, () => make(below))
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    let text = ''
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      for (let match = /^GET \/(\d+) [^]*?\r\n\r\n/.exec(text); match !== null; match = /^GET \/(\d+) [^]*?\r\n\r\n/.exec(text)) {
        text = text.slice(match[0].length)
        const made = answers[Number(match[1])] as Made
        socket.write(made.bytes, 'latin1')
        // Without an end, a broken answer would be waited for until a time limit.
        if (made.broken || made.framing === 'until-close') socket.end()
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port, app } = await proxy(t, { upstream: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, timeouts: { firstByte: 20_000, idle: 20_000 } })

  let next = 0
  let wrong = 0
  async function client (): Promise<void> {
    while (next < answers.length) {
      const i = next++
      const made = answers[i] as Made
      const text = await talk(port, `GET /${i} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
      const status = Number(/^(?:HTTP\/1\.1 1\d\d [^]*?\r\n\r\n)*HTTP\/1\.1 (\d{3}) /.exec(text)?.[1])
      const ok = made.broken ? status >= 200 : status === made.status
      if (!ok && wrong++ < 5) t.fail(`answer ${i}: ${text.slice(0, 300)}`, made)
    }
  }
  await Promise.all(Array.from({ length: 32 }, client))
  t.equal(wrong, 0)
  await app.close()
  while (sockets.size > 0) await new Promise(resolve => setImmediate(resolve))
  t.equal(sockets.size, 0, 'no connection is left')
})
