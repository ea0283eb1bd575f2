// Ten thousand answers, valid and not, made from a seed: never a crash, never a hang, never a lie.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { BadAnswer, type AnswerHead } from '../src/forward/answer/answer-head.ts'
import { AnswerParser, type AnswerSink } from '../src/forward/answer/answer-parser.ts'
import { endOfHead, readHead } from '../src/tunnel/handshake/answer-head.ts'
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

/** What bytes say, by the letter of the standard (RFC 9112), read once they are all there. */
interface Meaning {
  /** 0 where there is no valid head. */
  readonly status: number
  /** The body; where that goes wrong, as far as it is good. */
  readonly body: string
  /** False where the head or the body goes wrong, or ends too early. */
  readonly whole: boolean
  /** What follows the end of the answer. */
  readonly rest: string
}

const HEAD = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t -~\x80-\xff]*)?\r\n((?:[!#$%&'*+\-.^`|~\w]+:[\t -~\x80-\xff]*\r\n)*)\r\n$/

function meaningOf (bytes: string): Meaning {
  let rest = bytes
  for (let interim = 0; ; interim++) {
    const nothing = { status: 0, body: '', whole: false, rest: '' }
    const end = rest.indexOf('\r\n\r\n')
    const match = HEAD.exec(rest.slice(0, end + 4))
    if (end === -1 || match === null) return nothing
    rest = rest.slice(end + 4)
    const status = Number(match[2])
    const values = (name: string) => [...(match[3] as string).matchAll(/^([^:]+):[\t ]*(.*?)[\t ]*\r\n/gm)].filter(field => (field[1] as string).toLowerCase() === name).map(field => field[2] as string)
    const lengths = values('content-length')
    const codings = values('transfer-encoding')
    if (lengths.length + codings.length > 1 || status === 101) return nothing
    if (lengths[0] !== undefined && !/^\d{1,15}$/.test(lengths[0])) return nothing
    if (codings[0] !== undefined && (codings[0].toLowerCase() !== 'chunked' || match[1] === '0')) return nothing
    if (status < 200 && interim < 32) continue
    if (status < 200) return nothing
    if (status === 204 || status === 304) return { status, body: '', whole: true, rest }
    if (codings.length === 0) {
      const size = Number(lengths[0] ?? rest.length)
      return { status, body: rest.slice(0, size), whole: rest.length >= size, rest: rest.slice(size) }
    }
    let body = ''
    for (;;) {
      const line = /^([0-9a-fA-F]{1,10})(?:[\t ]*;[\t -~\x80-\xff]*)?\r\n/.exec(rest)
      if (line === null) return { status, body, whole: false, rest: '' }
      const size = parseInt(line[1] as string, 16)
      rest = rest.slice(line[0].length)
      if (size === 0) break
      body += rest.slice(0, size)
      if (rest.slice(size, size + 2) !== '\r\n') return { status, body, whole: false, rest: '' }
      rest = rest.slice(size + 2)
    }
    const trailers = /^(?:[!#$%&'*+\-.^`|~\w]+:[\t -~\x80-\xff]*\r\n)*\r\n/.exec(rest)
    return { status, body, whole: trailers !== null, rest: rest.slice(trailers?.[0].length) }
  }
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

/** Fails a test for the first few that are wrong: thousands would say no more. */
function fewFailures (t: Test): (message: string, found: object) => void {
  let count = 0
  return (message, found) => { if (count++ < 5) t.fail(message, found) }
}

t.test(`the reader takes 10,000 answers for what they are (seed ${SEED})`, async t => {
  const below = randomly(SEED)
  const wrong = fewFailures(t)
  let valid = 0
  let refused = 0
  for (let i = 0; i < 10_000; i++) {
    const made = make(below)
    const read = readInParts(made, below)
    const { status, body, whole, rest } = meaningOf(made.bytes)
    const ok = (read.error === null || read.error instanceof BadAnswer) &&
      (made.broken || (status === made.status && body === made.body && whole && rest === '')) &&
      (read.head?.status ?? 0) === status && read.body === body && read.ended === (whole ? 1 : 0) &&
      (!whole || (read.error === null) === (rest === ''))
    if (!ok) wrong(`answer ${i}: ${String(read.error)}`, { ...made, meant: { status, body, whole, rest }, read })
    else if (whole) valid++
    else refused++
  }
  t.ok(valid > 4000 && refused > 1500, `${valid} whole ones were read as they were meant, ${refused} others never looked whole`)
})

t.test(`the proxy relays 10,000 answers (seed ${SEED})`, async t => {
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
  const { port, app } = await proxy(t, { upstream: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, timeouts: { connect: 100_000, firstByte: 100_000, idle: 100_000 } })

  let next = 0
  const wrong = fewFailures(t)
  const counts = { whole: 0, refused: 0, cut: 0 }
  async function client (): Promise<void> {
    while (next < answers.length) {
      const i = next++
      const made = answers[i] as Made
      const text = await talk(port, `GET /${i} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
      const { status, body, whole } = meaningOf(made.bytes)
      const got = meaningOf(text)
      // Before anything of it has left, a broken answer is 502; later it is cut, where or before it goes wrong.
      const refused = got.status === 502 && got.whole && got.body.includes('FST_ARR_UPSTREAM_')
      const cut = text === '' || (got.status === status && !got.whole && body.startsWith(got.body))
      const ok = whole ? got.whole && got.status === status && got.body === body && got.rest === '' : refused || (status !== 0 && cut)
      if (ok) whole ? counts.whole++ : refused ? counts.refused++ : counts.cut++
      else wrong(`answer ${i}: ${text.slice(0, 300)}`, made)
    }
  }
  await Promise.all(Array.from({ length: 32 }, client))
  t.ok(counts.whole > 4000 && counts.refused > 500 && counts.cut > 500, JSON.stringify(counts))
  await app.close()
  while (sockets.size > 0) await new Promise(resolve => setImmediate(resolve))
  t.equal(sockets.size, 0, 'no connection is left')
})

t.test(`the reader of a handshake's answer takes 10,000 heads (seed ${SEED})`, async t => {
  const below = randomly(SEED + 2)
  const wrong = fewFailures(t)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T
  const text = (from: string, length: number) => Array.from({ length }, () => from[below(from.length)]).join('')
  const name = "abcXYZ019!#$%&'*+-.^_`|~"
  const value = 'abc XYZ\t019:;,="\\()<>@\u0080\u00e9\u00ff'
  let refused = 0
  for (let i = 0; i < 10_000; i++) {
    const status = 100 + below(900)
    const reason = text(value, below(12))
    const headers = Array.from({ length: below(6) }, () => [text(name, 1 + below(12)), text(value, below(20)).trim()] as const)
    const head = `HTTP/1.${below(2)} ${status}${reason === '' ? pick(['', ' ']) : ` ${reason}`}\r\n` +
      headers.map(([name, value]) => `${name}:${pick(['', ' ', '\t ', '  '])}${value}${pick(['', '', ' ', '\t'])}\r\n`).join('') + '\r\n'
    const bytes = Buffer.from(head + pick(['', 'late', '\r\n\r\n', '\x81\x05hello']), 'latin1')
    // However it was cut on its way.
    const had = below(head.length)
    const end = endOfHead(bytes.subarray(0, had))
    if (end !== -1 || endOfHead(bytes, Math.max(0, had - 3)) !== head.length) wrong(`head ${i} does not end there`, { head, had })
    const whole = readHead(bytes, head.length)
    if (JSON.stringify(whole) !== JSON.stringify({ status, reason, headers: headers.flat() })) wrong(`head ${i} is valid`, { head, whole })

    const at = below(head.length - 4)
    const bad = head.slice(0, at) + pick(['\r', '\n', '\0', '\r\n ', '\x7f', ' ', ':', text(value, 3), '']) + head.slice(at + below(3))
    const broken = Buffer.from(bad, 'latin1')
    const brokenEnd = endOfHead(broken)
    const read = brokenEnd === -1 ? null : readHead(broken, brokenEnd)
    const meant = Number(HEAD.exec(bad.slice(0, brokenEnd))?.[2] ?? 0)
    if ((read?.status ?? 0) !== meant) wrong(`head ${i} is read as ${read?.status}`, { bad, read })
    if (read === null) refused++
    else if ([read.reason, ...read.headers].some(text => /[^\t -~\x80-\xff]/.test(text))) wrong(`head ${i} lets through what breaks heads apart`, { bad, read })
  }
  t.ok(refused > 2000, `${refused} were refused`)
})
