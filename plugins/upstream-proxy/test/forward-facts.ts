// What an HTTP origin does, asked directly and asked through the proxy: the same facts of both.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { Test } from 'tap'
import { type Answer, ask, read, talk } from './forward-subjects.ts'

/** Where the facts are looked for: an origin that runs `origin` below, or what stands in front of it. */
export interface Subject {
  readonly port: number
}

export interface Fact {
  readonly name: string
  run (t: Test, subject: Subject): Promise<void>
}

const BIG = randomBytes(3_000_000)
const sha = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex')

/** Answers of which only the head has left, by what names them. */
const begun = new Map<string, ServerResponse>()

/** The origin that the facts are about. */
export const origin: RequestListener = (request, response) => {
  const { pathname, search } = new URL(request.url as string, 'http://x')
  const routes: Record<string, () => void> = {
    '/hello': () => response.end('hello'),
    '/head': () => response.writeHead(200, { 'Content-Length': 12345, 'X-Case': 'Kept' }).end(),
    '/204': () => response.writeHead(204).end(),
    '/304': () => response.writeHead(304, { ETag: '"x"' }).end(),
    '/reason': () => response.writeHead(200, 'Quite All Right').end('ok'),
    '/no-reason': () => response.writeHead(299, '').end(),
    '/teapot': () => response.writeHead(418).end('short and stout'),
    '/duplicates': () => response.writeHead(200, ['X-One', '1', 'Set-Cookie', 'a=1; Path=/', 'X-one', '2', 'Set-Cookie', 'b=2', 'Link', '<a>', 'link', '<b>'] as unknown as string[]).end(),
    '/latin1': () => response.writeHead(200, { 'X-Name': 'caf\u00e9' }).end(),
    '/big': () => response.writeHead(200, { 'Content-Length': BIG.length }).end(BIG),
    '/big-chunked': () => {
      response.write(BIG.subarray(0, 1_000_000))
      response.end(BIG.subarray(1_000_000))
    },
    '/range': () => {
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range as string) as unknown as [string, string, string]
      response.writeHead(206, { 'Content-Range': `bytes ${from}-${to}/${BIG.length}` }).end(BIG.subarray(Number(from), Number(to) + 1))
    },
    '/until-close': () => {
      response.useChunkedEncodingByDefault = false
      response.writeHead(200, { Connection: 'close' })
      response.end('till the end')
    },
    '/trailers': () => {
      response.writeHead(200, { Trailer: 'X-Sum' })
      response.write('body')
      response.addTrailers({ 'X-Sum': '42' })
      response.end()
    },
    '/hints': () => {
      // Node would give them to HTTP/1.0 as well.
      if (request.httpVersion === '1.1') response.writeEarlyHints({ link: '</a.css>; rel=preload; as=style' })
      response.end('after the hint')
    },
    '/begin': () => {
      const sized = search.startsWith('?sized')
      if (search.startsWith('?until-close')) response.useChunkedEncodingByDefault = false
      response.writeHead(200, sized ? { 'Content-Length': 4 } : { 'Content-Type': 'text/event-stream' }).flushHeaders()
      begun.set(search, response)
    },
    '/go-on': () => {
      begun.get(search)?.end('late')
      response.end()
    },
    '/event': () => {
      begun.get(search)?.write('data: an event\n\n')
      response.end()
    },
    '/ask-for-more': () => {
      // Says something before the request is over, and something after.
      response.writeHead(200)
      response.write('go on;')
      let length = 0
      request.on('data', chunk => { length += chunk.length })
      request.on('end', () => response.end(`${length}`))
    },
    '/too-large': () => response.writeHead(413, { Connection: 'close' }).end('too large'),
    '/mirror': () => {
      const hash = createHash('sha256')
      let length = 0
      request.on('data', chunk => {
        hash.update(chunk)
        length += chunk.length
      })
      request.on('end', () => {
        const of = (name: string) => request.headers[name]
        response.end(JSON.stringify({
          method: request.method,
          url: request.url,
          length,
          hash: hash.digest('hex'),
          contentType: of('content-type'),
          contentLength: of('content-length'),
          transferEncoding: of('transfer-encoding'),
          custom: request.rawHeaders.filter((_, i, all) => /^x-custom/i.test(all[i - i % 2] as string)),
          cookie: of('cookie'),
          trailers: request.rawTrailers
        }))
      })
    },
    '/echo': () => request.pipe(response)
  }
  const route = routes[pathname.replace(/^(\/mirror)\/.*$/, '$1')]
  if (route !== undefined) route()
  else response.writeHead(404).end('no such thing')
}

async function mirror (subject: Subject, options: Parameters<typeof ask>[1]): Promise<Record<string, unknown>> {
  return JSON.parse(Buffer.from((await ask(subject.port, { path: '/mirror', ...options })).body, 'latin1').toString('utf8')) as Record<string, unknown>
}

function values (answer: Answer, name: RegExp): string[] {
  return answer.rawHeaders.filter((_, i, all) => name.test(all[i - i % 2] as string))
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'PROPPATCH', 'MKCOL', 'COPY', 'MOVE', 'LOCK', 'UNLOCK', 'REPORT', 'SEARCH', 'PURGE', 'LINK', 'UNLINK', 'MERGE', 'SUBSCRIBE', 'NOTIFY', 'ACL', 'BIND', 'CHECKOUT', 'M-SEARCH', 'MKCALENDAR', 'SOURCE']

const PATHS = [
  '/mirror', '/mirror?', '/mirror?a=1&a=2&b&=c', '/mirror/%2F%2f', '/mirror//double//slash/', '/mirror/a+b%20c?q=a+b%20c', '/mirror/%C3%A9',
  '/mirror/./dot', '/mirror/a/../b', '/mirror/;p=1/x;y=2', '/mirror/~!$&\'()*,:@', '/mirror/[x]{y}|z', '/mirror?url=http://x/?y=%26', '/mirror?%', '/mirror/%25%32%46', '/mirror?' + 'x'.repeat(6000)
]

export const facts: readonly Fact[] = [
  ...METHODS.map(method => ({
    name: `${method} is ${method}`,
    async run (t: Test, subject: Subject) {
      t.match(await mirror(subject, { method, body: 'some body', headers: { 'content-length': '9' } }), { method, length: 9 })
    }
  })),
  ...PATHS.map(path => ({
    name: `the target ${path.slice(0, 40)} arrives byte for byte`,
    async run (t: Test, subject: Subject) {
      // Written by hand: a client of Node's would not send some of these.
      const text = await talk(subject.port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
      t.match(text, /^HTTP\/1\.1 200 /)
      const body = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)
      t.equal(JSON.parse(Buffer.from(body, 'latin1').toString('utf8')).url, path)
    }
  })),
  {
    name: 'a HEAD has the length of what it does not send',
    async run (t, subject) {
      const answer = await ask(subject.port, { path: '/head', method: 'HEAD' })
      t.match(answer, { status: 200, body: '', complete: true, headers: { 'content-length': '12345' } })
      t.same(values(answer, /^x-case$/i), ['X-Case', 'Kept'])
    }
  },
  {
    name: '204 and 304 have no body and leave the connection usable',
    async run (t, subject) {
      const text = await talk(subject.port, 'GET /204 HTTP/1.1\r\nHost: x\r\n\r\nGET /304 HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
      t.same(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 204', 'HTTP/1.1 304', 'HTTP/1.1 200'])
      t.match(text, /ETag: "x"/)
      t.notMatch(text.slice(0, text.indexOf('HTTP/1.1 304')), /content-length|transfer-encoding/i)
    }
  },
  {
    name: 'status and reason are those of the origin',
    async run (t, subject) {
      t.match(await ask(subject.port, { path: '/reason' }), { status: 200, reason: 'Quite All Right' })
      t.match(await ask(subject.port, { path: '/no-reason' }), { status: 299, reason: '' })
      t.match(await ask(subject.port, { path: '/teapot' }), { status: 418, body: 'short and stout' })
    }
  },
  {
    name: 'duplicate headers keep their number, order and case',
    async run (t, subject) {
      const answer = await ask(subject.port, { path: '/duplicates' })
      t.same(values(answer, /^(x-one|set-cookie|link)$/i), ['X-One', '1', 'Set-Cookie', 'a=1; Path=/', 'X-one', '2', 'Set-Cookie', 'b=2', 'Link', '<a>', 'link', '<b>'])
    }
  },
  {
    name: 'bytes beyond ASCII in a header are the same bytes, both ways',
    async run (t, subject) {
      t.same(values(await ask(subject.port, { path: '/latin1' }), /^x-name$/i), ['X-Name', 'caf\u00e9'])
      t.match(await mirror(subject, { headers: { 'x-custom': 'na\u00efve' } }), { custom: ['x-custom', 'na\u00efve'] })
    }
  },
  {
    name: 'request headers keep their number, order and case',
    async run (t, subject) {
      const text = await talk(subject.port, 'GET /mirror HTTP/1.1\r\nHost: x\r\nX-Custom: 1\r\nCookie: a=1; b=2\r\nx-custom: 2\r\nX-CUSTOM-B:   spaced  \r\nX-Custom-Empty:\r\nConnection: close\r\n\r\n')
      const seen = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1))
      t.same(seen.custom, ['X-Custom', '1', 'x-custom', '2', 'X-CUSTOM-B', 'spaced', 'X-Custom-Empty', ''])
      t.equal(seen.cookie, 'a=1; b=2')
    }
  },
  ...['/big', '/big-chunked'].map(path => ({
    name: `a large body comes whole (${path})`,
    async run (t: Test, subject: Subject) {
      const answer = await ask(subject.port, { path })
      t.ok(answer.complete)
      t.equal(sha(Buffer.from(answer.body, 'latin1')), sha(BIG))
    }
  })),
  {
    name: 'a part can be asked for',
    async run (t, subject) {
      const answer = await ask(subject.port, { path: '/range', headers: { range: 'bytes=1000-1999' } })
      t.match(answer, { status: 206, headers: { 'content-range': `bytes 1000-1999/${BIG.length}` } })
      t.equal(answer.body, BIG.subarray(1000, 2000).toString('latin1'))
    }
  },
  {
    name: 'a body that ends with the connection is whole',
    async run (t, subject) {
      t.match(await ask(subject.port, { path: '/until-close' }), { body: 'till the end', complete: true })
    }
  },
  {
    name: 'trailers follow the body',
    async run (t, subject) {
      t.match(await ask(subject.port, { path: '/trailers', headers: { te: 'trailers' } }), { body: 'body', trailers: ['X-Sum', '42'], headers: { trailer: 'X-Sum' } })
    }
  },
  {
    name: 'early hints come before the answer',
    async run (t, subject) {
      const outgoing = request({ host: '127.0.0.1', port: subject.port, path: '/hints', agent: false })
      outgoing.end()
      const hints: unknown[] = []
      outgoing.on('information', info => hints.push([info.statusCode, info.headers.link]))
      const [response] = await once(outgoing, 'response') as [IncomingMessage]
      t.equal((await read(response)).body, 'after the hint')
      t.same(hints, [[103, '</a.css>; rel=preload; as=style']])
    }
  },
  {
    name: 'HTTP/1.0 gets no hints, no chunks, and an end',
    async run (t, subject) {
      for (const [path, body] of [['/hello', 'hello'], ['/big-chunked', BIG.toString('latin1')], ['/hints', 'after the hint']] as const) {
        const text = await talk(subject.port, `GET ${path} HTTP/1.0\r\n\r\n`)
        const end = text.indexOf('\r\n\r\n')
        t.match(text, /^HTTP\/1\.1 200 /)
        t.notMatch(text.slice(0, end), /transfer-encoding/i)
        t.equal(sha(text.slice(end + 4)), sha(body))
      }
    }
  },
  ...['sized', 'chunked', 'until-close'].flatMap(kind => ['1.1', '1.0'].map(version => ({
    name: `a head comes before there is any body (${kind}, HTTP/${version})`,
    async run (t: Test, subject: Subject) {
      const key = `${kind}-${version}-${subject.port}`
      const socket = connect(subject.port, '127.0.0.1')
      socket.write(`GET /begin?${key} HTTP/${version}\r\nHost: x\r\nConnection: close\r\n\r\n`)
      let text = ''
      socket.on('data', chunk => { text += chunk.toString('latin1') })
      // Whoever keeps the head until something follows it would do so for ever: the body comes only once the head is here.
      while (!text.includes('\r\n\r\n')) await once(socket, 'data')
      t.match(text, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/)
      await ask(subject.port, { path: `/go-on?${key}` })
      if (!socket.closed) await once(socket, 'close')
      t.match(text.slice(text.indexOf('\r\n\r\n')), /late/)
    }
  }))),
  {
    name: 'server-sent events come one by one',
    async run (t, subject) {
      const key = `events-${subject.port}`
      const outgoing = request({ host: '127.0.0.1', port: subject.port, path: `/begin?${key}`, agent: false })
      outgoing.end()
      const [response] = await once(outgoing, 'response') as [IncomingMessage]
      let text = ''
      response.on('data', chunk => { text += String(chunk) })
      for (let n = 1; n <= 3; n++) {
        await ask(subject.port, { path: `/event?${key}` })
        // Whoever keeps one until something follows it would do so for ever: the next comes only once this one is here.
        while (text.length < n * 'data: an event\n\n'.length) await once(response, 'data')
        t.equal(text, 'data: an event\n\n'.repeat(n))
      }
      const ended = once(response, 'end')
      await ask(subject.port, { path: `/go-on?${key}` })
      await ended
    }
  },
  {
    name: 'a sized body arrives with its size, a chunked one in chunks',
    async run (t, subject) {
      t.match(await mirror(subject, { method: 'POST', body: BIG, headers: { 'content-length': BIG.length, 'content-type': 'application/x-thing' } }),
        { length: BIG.length, hash: sha(BIG), contentLength: String(BIG.length), contentType: 'application/x-thing' })
      t.match(await mirror(subject, { method: 'PUT', body: BIG, headers: { 'transfer-encoding': 'chunked' } }),
        { length: BIG.length, hash: sha(BIG), transferEncoding: 'chunked' })
      t.match(await mirror(subject, { method: 'POST', headers: { 'content-length': 0 } }), { length: 0, contentLength: '0' })
    }
  },
  {
    name: 'no content type is too odd, and no body is looked into',
    async run (t, subject) {
      for (const type of ['application/json', 'text/plain', 'application/json; charset=nope', 'multipart/form-data', 'x/y; a="', 'a/b']) {
        t.match(await mirror(subject, { method: 'POST', body: '{not json', headers: { 'content-type': type } }), { length: 9, contentType: type })
      }
    }
  },
  {
    name: 'a GET may have a body',
    async run (t, subject) {
      t.match(await mirror(subject, { method: 'GET', body: 'why not', headers: { 'content-length': 7 } }), { method: 'GET', length: 7 })
    }
  },
  {
    name: 'request trailers arrive',
    async run (t, subject) {
      const text = await talk(subject.port, 'POST /mirror HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 7\r\n\r\n')
      t.match(JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)), { length: 4, trailers: ['X-Sum', '7'] })
    }
  },
  {
    name: 'request and answer may stream at the same time',
    async run (t, subject) {
      const outgoing = request({ host: '127.0.0.1', port: subject.port, path: '/ask-for-more', method: 'POST', agent: false })
      outgoing.write('a')
      const [response] = await once(outgoing, 'response') as [IncomingMessage]
      let text = ''
      response.on('data', chunk => {
        text += String(chunk)
        if (text === 'go on;') outgoing.end('bc')
      })
      await once(response, 'close')
      t.equal(text, 'go on;3')
    }
  },
  {
    name: 'an answer to an upload that is not wanted is read',
    async run (t, subject) {
      const socket = connect(subject.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write('POST /too-large HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\nonly a part')
      let text = ''
      socket.on('data', chunk => { text += chunk.toString('latin1') })
      while (!text.includes('too large')) await once(socket, 'data')
      t.match(text, /^HTTP\/1\.1 413 /)
      socket.destroy()
    }
  },
  {
    name: '100 Continue is said by whoever wants the body',
    async run (t, subject) {
      const socket = connect(subject.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write('POST /mirror HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n')
      let text = ''
      socket.on('data', chunk => { text += chunk.toString('latin1') })
      while (!text.includes('\r\n\r\n')) await once(socket, 'data')
      t.match(text, /^HTTP\/1\.1 100 Continue\r\n\r\n/)
      socket.write('body')
      await once(socket, 'close')
      t.match(text, /HTTP\/1\.1 200 /)
      t.match(text, /"length":4/)
    }
  },
  {
    name: 'pipelined requests are answered in their order',
    async run (t, subject) {
      const text = await talk(subject.port, 'GET /mirror?1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /mirror?2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhiGET /big HTTP/1.1\r\nHost: x\r\n\r\nGET /mirror?3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
      t.same(text.match(/\/mirror\?\d/g), ['/mirror?1', '/mirror?2', '/mirror?3'])
      t.ok(text.length > BIG.length)
    }
  }
]
