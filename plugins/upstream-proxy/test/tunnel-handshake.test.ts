// A WebSocket's handshake through the proxy, against real upstreams: what the upstream sees, and what the client gets.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import WebSocket from 'ws'
import { ACCEPT, ask, client, echo, eventually, frame, handshake, httpUpstream, KEY, MASK, proxy, rest, SWITCH, tcpUpstream, until } from './parts.ts'

t.test('a message goes to the upstream and back, and the facts tell of it', async t => {
  const upstream = await echo(t, { perMessageDeflate: true })
  const { port, requests, closed, app } = await proxy(t, { upstream: upstream.url })
  const ws = new WebSocket(`ws://127.0.0.1:${port}/chat?room=1`, ['chat', 'other'])
  await once(ws, 'open')
  t.equal(ws.protocol, 'chat')
  t.match(ws.extensions, 'permessage-deflate')
  t.equal(app.tunnels.size, 1)
  ws.send('hello')
  const [message] = await once(ws, 'message')
  t.equal(String(message), 'hello')
  ws.close(4001, 'enough')
  const [code] = await once(ws, 'close')
  t.equal(code, 4001)
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0], {
    status: 101,
    error: null,
    tunnel: {
      http: '1.1',
      subprotocol: 'chat',
      extensions: 'permessage-deflate',
      received: { messages: 1, text: 1 },
      sent: { messages: 1, text: 1 },
      observed: true,
      closedBy: 'client',
      closeCode: 4001,
      closeReason: 'enough',
      ending: 'end'
    }
  })
  t.equal(upstream.seen[0]!.url, '/chat?room=1')
  t.equal(upstream.seen[0]!.headers['x-arr-log-id'], requests[0]!.upstream!.logId)
  await eventually(() => app.tunnels.size === 0, 'the tunnel is gone')
})

t.test('the upstream gets path, query and headers as the client wrote them', async t => {
  let seen = ''
  const { url } = await tcpUpstream(t, socket => {
    socket.on('data', chunk => {
      seen += String(chunk)
      if (seen.endsWith('\r\n\r\n')) socket.end(SWITCH)
    })
  })
  const { port, requests } = await proxy(t, { upstream: url })
  await ask(t, port, handshake('/a%2Fb//c?x=%zz&&y', 'origin: https://a.example\r\nAUTHORIZATION: Bearer x\r\nCookie: a=1\r\nCookie: b=2\r\n' +
    'User-Agent: test\r\ntraceparent: 00-1-2-3\r\nAccept-Language: de\r\nSec-WebSocket-Protocol: v1, v2\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n' +
    'X-Twice: 1\r\nX-TWICE: 2\r\nProxy-Authorization: no\r\nTE: trailers\r\nKeep-Alive: 300\r\n'))
  const lines = seen.split('\r\n')
  t.equal(lines[0], 'GET /a%2Fb//c?x=%zz&&y HTTP/1.1')
  t.same(lines.slice(2, 14), [
    `Sec-WebSocket-Key: ${KEY}`, 'Sec-WebSocket-Version: 13', 'origin: https://a.example', 'AUTHORIZATION: Bearer x', 'Cookie: a=1', 'Cookie: b=2',
    'User-Agent: test', 'traceparent: 00-1-2-3', 'Accept-Language: de', 'Sec-WebSocket-Protocol: v1, v2',
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits', 'X-Twice: 1'
  ])
  t.ok(lines.includes('X-TWICE: 2'))
  t.equal(lines[1], `Host: ${url.slice('http://'.length)}`)
  t.ok(lines.includes('Connection: Upgrade'))
  t.ok(lines.includes('Upgrade: websocket'))
  t.ok(lines.includes('X-Forwarded-For: 127.0.0.1'))
  t.ok(lines.includes('X-Forwarded-Host: example.com'))
  t.ok(lines.includes('X-Forwarded-Proto: http'))
  t.ok(lines.includes(`X-ARR-LOG-ID: ${requests[0]!.upstream!.logId}`))
  t.notMatch(seen, /proxy-authorization|\nte:|keep-alive/i)
})

t.test('what a rule sets or empties in the headers is applied last', async t => {
  const upstream = await echo(t, { perMessageDeflate: true })
  const { port } = await proxy(t, { to: () => ({ url: `${upstream.url}/else?q`, headers: { 'sec-websocket-extensions': '', 'x-rule': 'yes', host: 'fixed.example' } }) })
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`)
  await once(ws, 'open')
  t.equal(ws.extensions, '')
  t.match(upstream.seen[0], { url: '/else?q', headers: { 'x-rule': 'yes', host: 'fixed.example', 'sec-websocket-extensions': undefined } })
  ws.terminate()
})

t.test('rewriteRequest changes the handshake as it changes any request; it stays a GET with its own key', async t => {
  const upstream = await echo(t)
  const { port } = await proxy(t, {
    upstream: upstream.url,
    rewriteRequest (_, { out }) {
      out.method = 'POST'
      out.url += '?added'
      out.headers.push(['X-Added', 'yes'])
    }
  })
  const ws = new WebSocket(`ws://127.0.0.1:${port}/a`)
  await once(ws, 'open')
  t.match(upstream.seen[0], { method: 'GET', url: '/a?added', headers: { 'x-added': 'yes', upgrade: 'websocket' } })
  ws.terminate()
})

t.test('a handshake that cannot be sent on is a 400, and nothing is dialled', async t => {
  let dialled = 0
  const { url } = await tcpUpstream(t, () => { dialled++ })
  const { port, app } = await proxy(t, { upstream: url })
  t.match(await ask(t, port, handshake('/', 'Host: other.example\r\n')), /^HTTP\/1\.1 400 /)
  t.match(await ask(t, port, handshake('/..;/a/../../x')), /^HTTP\/1\.1 400 /)
  t.equal(dialled, 0)
  await app.close()
})

t.test('the Host header is the upstream\'s, the client\'s or a fixed one', async t => {
  const upstream = await echo(t)
  for (const [hostHeader, expected] of [[undefined, upstream.url.slice(7)], ['preserve', 'example.com'], ['other.example', 'other.example']] as const) {
    const { port } = await proxy(t, { upstream: upstream.url, ...(hostHeader === undefined ? {} : { hostHeader }) })
    const socket = client(t, port)
    socket.write(handshake())
    await until(socket, text => text.includes('\r\n\r\n'))
    t.equal(upstream.seen.at(-1)!.headers.host, expected)
    socket.destroy()
  }
})

for (const [name, trustProxy, forwarded, expected] of [
  ['what an unknown client claims goes no further', false, {}, { for: '127.0.0.1', host: 'example.com', proto: 'http' }],
  ['what a trusted proxy says is appended to', true, {}, { for: '203.0.113.9, 127.0.0.1', host: 'public.example', proto: 'https' }],
  ['what a trusted proxy says is replaced', true, { for: 'set' }, { for: '203.0.113.9', host: 'public.example', proto: 'https' }],
  ['kept as the client wrote it', false, { for: 'keep', host: 'keep', proto: 'keep', standard: 'keep' }, { for: '203.0.113.9', host: 'public.example', proto: 'https', standard: 'for=203.0.113.9' }],
  ['removed', true, { for: 'remove', host: 'remove', proto: 'remove' }, {}],
  ['in one header', true, { for: 'remove', host: 'remove', proto: 'remove', standard: 'append' }, { standard: 'for=203.0.113.9, for=127.0.0.1;host=public.example;proto=https' }]
] as const) {
  t.test(`the forwarding headers of a handshake: ${name}`, async t => {
    const upstream = await echo(t)
    const { port } = await proxy(t, { upstream: upstream.url, forwarded }, { server: { trustProxy } })
    const socket = client(t, port)
    socket.write(handshake('/', 'X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Host: public.example\r\nX-Forwarded-Proto: https\r\nForwarded: for=203.0.113.9\r\n'))
    await until(socket, text => text.endsWith('\r\n\r\n'))
    const { headers } = upstream.seen[0]!
    t.same(
      { for: headers['x-forwarded-for'], host: headers['x-forwarded-host'], proto: headers['x-forwarded-proto'], standard: headers.forwarded },
      { for: undefined, host: undefined, proto: undefined, standard: undefined, ...expected }
    )
    socket.destroy()
  })
}

t.test('the 101 is the upstream\'s own, with its headers in their case, order and number', async t => {
  const head = 'HTTP/1.1 101 Go Ahead\r\nset-cookie: a=1\r\nUPGRADE: WebSocket\r\nconnection: keep-alive, upgrade, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n' +
    'Set-Cookie: b=2\r\nSec-WebSocket-Protocol: v2\r\nX-Latin: \xe9\r\n\r\n'
  const { url } = await tcpUpstream(t, socket => socket.once('data', () => socket.end(head, 'latin1')))
  const { port } = await proxy(t, { upstream: url })
  t.equal(await ask(t, port, handshake()), 'HTTP/1.1 101 Go Ahead\r\nset-cookie: a=1\r\nUPGRADE: WebSocket\r\nconnection: Upgrade\r\n' +
    'Set-Cookie: b=2\r\nSec-WebSocket-Protocol: v2\r\nX-Latin: \xe9\r\n\r\n')
})

t.test('what the server\'s own hooks set on the reply is in the 101 as well', async t => {
  const upstream = await echo(t)
  const { port } = await proxy(t, { upstream: upstream.url }, {
    before: app => app.addHook('onRequest', async (_, reply) => { reply.header('set-cookie', ['ARRAffinity=1', 'other=2']) })
  })
  const socket = client(t, port)
  socket.write(handshake())
  const head = await until(socket, text => text.includes('\r\n\r\n'))
  t.match(head, /set-cookie: ARRAffinity=1\r\nset-cookie: other=2\r\n/)
})

for (const [name, answer, expected] of [
  ['sized', 'HTTP/1.1 401 Who Are You\r\nWWW-Authenticate: Basic\r\nConnection: close\r\nContent-Length: 4\r\n\r\nnope', /^HTTP\/1\.1 401 Who Are You\r\nWWW-Authenticate: Basic\r\n[^]*\r\n\r\nnope$/],
  ['chunked', 'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n2\r\npe\r\n0\r\n\r\n', /^HTTP\/1\.1 404 [^]*\r\n\r\n2\r\nno\r\n2\r\npe\r\n0\r\n\r\n$/],
  ['until close', 'HTTP/1.0 403 Forbidden\r\n\r\nnope', /^HTTP\/1\.1 403 Forbidden[^]*nope/],
  ['a 503', 'HTTP/1.1 503 Come Back\r\nRetry-After: 120\r\nContent-Length: 4\r\n\r\nbusy', /^HTTP\/1\.1 503 Come Back\r\nRetry-After: 120\r\n[^]*\r\n\r\nbusy$/],
  ['without a body', 'HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n', /^HTTP\/1\.1 302 Found\r\nLocation: \/login\r\n/],
  ['after early hints', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 8\r\nContent-Length: 0\r\n\r\n', /^HTTP\/1\.1 426 Upgrade Required\r\nSec-WebSocket-Version: 8\r\n/]
] as const) {
  t.test(`a refusal reaches the client as the upstream wrote it: ${name}`, async t => {
    let ended = 0
    const { url } = await tcpUpstream(t, socket => {
      socket.once('data', () => name === 'until close' ? socket.end(answer) : socket.write(answer))
      socket.on('end', () => socket.end())
      socket.on('close', () => ended++)
    })
    const { port, closed } = await proxy(t, { upstream: url })
    t.match(await ask(t, port, handshake()), expected)
    await eventually(() => closed.length === 1 && ended === 1, 'both sockets are closed')
    t.match(closed[0], { status: Number(/1\.[01] ([2-5]\d\d)/.exec(answer)![1]), error: null, tunnel: null })
  })
}

t.test('a large refusal is streamed, and a slow reader gets all of it', async t => {
  const body = Buffer.alloc(5_000_000, 'x')
  const { url } = await httpUpstream(t, (_, socket) => {
    socket.write(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${body.length}\r\n\r\n`)
    socket.write(body)
  })
  const { port } = await proxy(t, { upstream: url })
  const answer = await ask(t, port, Buffer.concat([Buffer.from(handshake()), frame(1, 'too early', { mask: MASK })]))
  t.equal(answer.length - answer.indexOf('\r\n\r\n') - 4, body.length)
})

t.test('a refusal by a hook is answered before an upstream is asked', async t => {
  const upstream = await echo(t)
  const { port, closed } = await proxy(t, { upstream: upstream.url }, {
    before: app => app.addHook('onRequest', async (_, reply) => reply.code(401).send('x'.repeat(1_000_000)))
  })
  const answer = await ask(t, port, handshake())
  t.match(answer, /^HTTP\/1\.1 401 Unauthorized\r\n/)
  t.ok(answer.endsWith('x'.repeat(1000)))
  t.equal(upstream.seen.length, 0)
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.equal(closed[0], null)
})

t.test('an upstream that cannot be reached is a 502 that says nothing internal', async t => {
  for (const [upstream, code] of [['http://127.0.0.1:1', 'FST_ARR_UPSTREAM_REFUSED'], ['http://a.invalid:8080', 'FST_ARR_UPSTREAM_NOT_RESOLVED']] as const) {
    // A resolver may take its time to say no.
    const { port, closed } = await proxy(t, { upstream, timeouts: { connect: 60_000 } })
    const answer = await ask(t, port, handshake())
    t.match(answer, /^HTTP\/1\.1 502 Bad Gateway\r\n/)
    t.notMatch(answer, /127\.0\.0\.1|ECONN|ENOTFOUND|invalid:/)
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0], { status: null, error: { code, moment: 'connect', side: 'upstream', statusCode: 502 } })
  }
})

for (const [name, answer] of [
  ['resets', null],
  ['ends', ''],
  ['speaks no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
  ['switches to another protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n'],
  ['switches without `Connection: Upgrade`', `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`],
  ['switches with another Connection', `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: keep-alive, upgrades\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`],
  ['switches without a word to what', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n'],
  ['folds a header', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX: a\r\n b\r\n\r\n'],
  ['leaves a bare LF', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\nConnection: Upgrade\r\n\r\n'],
  ['has no end of headers', 'HTTP/1.1 101 Switching Protocols\r\n' + 'X: y\r\n'.repeat(15_000)]
] as const) {
  t.test(`an upstream that ${name} is a 502`, async t => {
    const { url } = await tcpUpstream(t, socket => socket.once('data', () => {
      if (answer === null) socket.resetAndDestroy()
      else if (answer === '') socket.end()
      else socket.write(answer)
    }))
    const { port, closed } = await proxy(t, { upstream: url })
    t.match(await ask(t, port, handshake()), /^HTTP\/1\.1 502 /)
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0], { error: { code: answer ? 'FST_ARR_UPSTREAM_BAD_ANSWER' : 'FST_ARR_UPSTREAM_RESET', moment: 'headers', side: 'upstream', statusCode: 502 } })
  })
}

t.test('an upstream that stays silent is a 504, and its socket is freed', async t => {
  let gone = 0
  const { url } = await tcpUpstream(t, socket => { socket.resume().on('close', () => gone++).on('end', () => socket.end()) })
  const { port, closed } = await proxy(t, { upstream: url, timeouts: { handshake: 50 } })
  t.match(await ask(t, port, handshake()), /^HTTP\/1\.1 504 /)
  await eventually(() => closed.length === 1 && gone === 1, 'both sockets are closed')
  t.match(closed[0], { error: { code: 'FST_ARR_UPSTREAM_TIMEOUT', moment: 'headers', statusCode: 504 } })
})

t.test('bytes glued to either handshake are delivered in order', async t => {
  const got: Buffer[] = []
  const late = Buffer.concat([frame(1, 'first'), frame(1, 'second')])
  const { url } = await tcpUpstream(t, socket => {
    let text = ''
    let open = false
    socket.on('data', chunk => {
      if (open) {
        got.push(chunk)
        return
      }
      text += chunk.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end === -1) return
      open = true
      if (text.length > end + 4) got.push(Buffer.from(text.slice(end + 4), 'latin1'))
      socket.write(Buffer.concat([Buffer.from(SWITCH), late]))
    })
    socket.on('end', () => socket.end())
  })
  const { port, closed } = await proxy(t, { upstream: url })
  const early = Buffer.concat([frame(1, 'one', { mask: MASK }), frame(1, 'two', { mask: MASK })])
  const socket = client(t, port)
  socket.write(Buffer.concat([Buffer.from(handshake()), early]))
  const answer = await until(socket, text => text.endsWith('second'))
  t.equal(answer.slice(answer.indexOf('\r\n\r\n') + 4), late.toString('latin1'))
  await eventually(() => Buffer.concat(got).length >= early.length, 'the upstream has the early frames')
  t.same(Buffer.concat(got), early)
  socket.end()
  await rest(socket)
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0]!.tunnel, { received: { messages: 2, bytes: early.length }, sent: { messages: 2, bytes: late.length } })
})

t.test('what a client sends before the answer is held up to a limit, and arrives whole and in order', async t => {
  let far: Socket | undefined
  const { url } = await tcpUpstream(t, socket => { far = socket })
  const { port, requests, closed } = await proxy(t, { upstream: url })
  const early = Buffer.concat(Array.from({ length: 30 }, (_, i) => frame(2, Buffer.alloc(100_000, i), { mask: MASK })))
  const near = client(t, port)
  near.write(Buffer.concat([Buffer.from(handshake()), early]))
  await eventually(() => far !== undefined && requests[0]?.raw.socket.isPaused() === true, 'the client has to wait')
  await until(far!, text => text.endsWith('\r\n\r\n'))
  // 64 KiB, the read that went beyond them, and what Node reads ahead.
  t.ok(requests[0]!.raw.socket.bytesRead < 1 << 19, `${requests[0]!.raw.socket.bytesRead} bytes were read`)
  far!.write(SWITCH)
  const got: Buffer[] = []
  let length = 0
  far!.on('data', (chunk: Buffer) => { got.push(chunk); length += chunk.length }).resume()
  await until(near, text => text.endsWith('\r\n\r\n'))
  near.end(frame(1, 'and more', { mask: MASK }))
  await once(far!, 'end')
  t.ok(Buffer.concat(got).equals(Buffer.concat([early, frame(1, 'and more', { mask: MASK })])))
  far!.end()
  near.resume()
  await eventually(() => closed.length === 1, 'reply.raw closes')
  t.match(closed[0]!.tunnel, { observed: true, received: { bytes: length, binary: 30, text: 1 } })
})

t.test('a client that resets its connection while the upstream is asked frees both sockets and is logged as 499', async t => {
  let asked = 0
  let gone = 0
  const { url } = await tcpUpstream(t, socket => {
    socket.on('data', () => asked++).on('end', () => socket.end()).on('close', () => gone++)
  })
  const { port, closed } = await proxy(t, { upstream: url })
  const socket = client(t, port)
  socket.write(handshake())
  await eventually(() => asked === 1, 'the upstream is asked')
  socket.resetAndDestroy()
  await eventually(() => gone === 1 && closed.length === 1, 'both sockets are closed')
  t.match(closed[0], { status: null, error: { code: 'FST_ARR_CLIENT_GONE', side: 'client', statusCode: 499 } })
})

t.test('a client that resets its connection while the upstream is dialled frees both sockets and is logged as 499', async t => {
  // TCP is accepted and no word of TLS comes back: the dial is under way, and would be for a minute.
  let greeted = 0
  let gone = 0
  const { url } = await tcpUpstream(t, socket => {
    socket.on('data', () => greeted++).on('end', () => socket.end()).on('close', () => gone++)
  })
  const { port, closed } = await proxy(t, { upstream: url.replace('http:', 'https:'), timeouts: { connect: 60_000 } })
  const socket = client(t, port).resume()
  socket.write(handshake())
  await eventually(() => greeted > 0, 'the upstream is dialled')
  socket.resetAndDestroy()
  await eventually(() => gone === 1 && closed.length === 1 && socket.destroyed, 'both sockets are closed')
  t.match(closed[0], { status: null, connectTime: null, error: { code: 'FST_ARR_CLIENT_GONE', moment: 'connect', side: 'client', statusCode: 499 } })
})

t.test('a reset while hooks are pending ends that connection and nothing else', async t => {
  const upstream = await echo(t)
  const waiting: Array<() => void> = []
  const { port, app, requests } = await proxy(t, { upstream: upstream.url }, {
    before: app => {
      for (let i = 0; i < 3; i++) {
        app.addHook('onRequest', async request => {
          if (request.url === '/held') await new Promise<void>(resolve => { waiting.push(resolve) })
        })
      }
    }
  })
  const bystander = new WebSocket(`ws://127.0.0.1:${port}/bystander`)
  await once(bystander, 'open')
  const answers = async (ws: WebSocket, text: string) => {
    ws.send(text)
    t.equal(String((await once(ws, 'message'))[0]), text)
  }
  for (let i = 0; i < 10; i++) {
    const socket = client(t, port)
    socket.write(handshake('/held'))
    await eventually(() => waiting.length === 1, 'a hook is pending')
    const closed = new Promise(resolve => requests.at(-1)!.raw.socket.on('close', resolve))
    socket.resetAndDestroy()
    await closed
    await answers(bystander, `while the hook of ${i} is pending`)
    for (let hook = 0; hook < 3 && waiting.length > 0; hook++) {
      waiting.pop()!()
      await new Promise(resolve => setImmediate(resolve))
    }
    await answers(bystander, `after ${i}`)
    const next = new WebSocket(`ws://127.0.0.1:${port}/next`)
    await once(next, 'open')
    await answers(next, 'the next one is served')
    next.close()
    await once(next, 'close')
  }
  t.same(new Set(upstream.seen.map(({ url }) => url)), new Set(['/bystander', '/next']), 'none of the held ones came to the upstream')
  await eventually(() => app.tunnels.size === 1, 'the bystander is left')
  bystander.terminate()
})

for (const [name, text] of [
  ['another method', handshake().replace('GET', 'POST')],
  ['HTTP/1.0', handshake().replace('HTTP/1.1', 'HTTP/1.0')],
  ['no Host', handshake().replace(/Host.*\r\n/, '')],
  ['no key', handshake().replace(/Sec-WebSocket-Key.*\r\n/, '')],
  ['a sized body', handshake('/', 'Content-Length: 5\r\n') + 'hello'],
  ['a chunked body', handshake('/', 'Transfer-Encoding: chunked\r\n') + '5\r\nhello\r\n0\r\n\r\n']
] as const) {
  t.test(`a handshake with ${name} gets 400`, async t => {
    const upstream = await echo(t)
    const { port, closed } = await proxy(t, { upstream: upstream.url })
    t.match(await ask(t, port, text), /^HTTP\/1\.1 400 Bad Request\r\n/)
    t.equal(upstream.seen.length, 0)
    await eventually(() => closed.length === 1, 'reply.raw closes')
    t.match(closed[0], { error: { code: 'FST_ARR_PROXY_BAD_HANDSHAKE', statusCode: 400, side: 'client' } })
  })
}

t.test('a `to` that throws is answered before anything is accepted', async t => {
  const { port } = await proxy(t, { to: () => { throw Object.assign(new Error('no such farm'), { statusCode: 503 }) } })
  t.match(await ask(t, port, handshake()), /^HTTP\/1\.1 503 /)
})

t.test('an upstream behind a unix socket', { skip: process.platform === 'win32' && 'there are no unix sockets' }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'arr-'))
  const path = join(folder, 'it.sock')
  const server = createServer()
  const { WebSocketServer } = await import('ws')
  const wss = new WebSocketServer({ server })
  wss.on('connection', socket => socket.on('message', message => socket.send(`unix ${String(message)}`)))
  server.listen(path)
  await once(server, 'listening')
  t.teardown(() => { server.close(); rmSync(folder, { recursive: true }) })
  const { port } = await proxy(t, { upstream: `unix://${encodeURIComponent(path)}/base` })
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`)
  await once(ws, 'open')
  ws.send('hello')
  t.equal(String((await once(ws, 'message'))[0]), 'unix hello')
  ws.close()
  await once(ws, 'close')
  wss.close()
})

t.test('several tunnels at once', async t => {
  const upstream = await echo(t)
  const { port, app } = await proxy(t, { upstream: upstream.url })
  const sockets = Array.from({ length: 50 }, () => new WebSocket(`ws://127.0.0.1:${port}/`))
  await Promise.all(sockets.map(ws => once(ws, 'open')))
  t.equal(app.tunnels.size, 50)
  t.equal(new Set([...app.tunnels].map(tunnel => tunnel.id)).size, 50)
  for (const ws of sockets) ws.close()
  await eventually(() => app.tunnels.size === 0, 'all are gone')
})
