// Whatever a client or an upstream sends, at full verbosity and in all formats: nothing fails, each file can be read, and no secret is in any of them.
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { urlRewrite } from '@fastify-arr/url-rewrite'
import t from 'tap'
import { parseTrace } from '../src/reader/parse-trace.ts'
import { client, closeFrame, faulty, frame, handshake, switching, type Fault } from './faults.ts'
import { serve } from './serving.ts'

/** Long and mixed, as tokens are; in base64, percent-encoded and in other case it must not be found either. */
const SECRET = 'hunter2Zq8vXw3Rt9LkPq0Ab'
const BASIC = Buffer.from(`user:${SECRET}`).toString('base64')
const FORMS = [SECRET, BASIC, encodeURIComponent(BASIC), SECRET.toLowerCase(), SECRET.toUpperCase()]
const MARKUP = ']]><script>alert(1)</script>&amp;<!--\'"'
const LATIN1 = '\xff\xfe\xc3(\x80\xe4'

/** An answer with everything in it. Hints at the secret where an upstream may repeat what it got. */
const answering: Fault = (socket, head) => {
  const lines = [
    `X-Markup: ${MARKUP}`, `X-Latin: ${LATIN1}`, `Set-Cookie: sid=${SECRET}; Path=/; HttpOnly`, `Set-Cookie: ${SECRET}`, `Location: /cb?code=${SECRET}&x=${MARKUP}`,
    `X-Echo: got ${SECRET} from you`, `X-Auth-Token: ${SECRET}`, 'X-Tab: a\tb', `${'X'.repeat(200)}: ${'y'.repeat(4_000)}`
  ]
  const large = head.length > 20_000 ? [] : lines
  socket.end(Buffer.from(`HTTP/1.1 401 ${MARKUP} ${SECRET}\r\n${large.join('\r\n')}${large.length > 0 ? '\r\n' : ''}Content-Length: 0\r\nConnection: close\r\n\r\n`, 'latin1'))
}

const closing: Fault = (socket, head) => {
  socket.write(Buffer.from(switching(head, `Sec-WebSocket-Protocol: ${SECRET}\r\nX-Markup: ${MARKUP}${LATIN1}\r\n`), 'latin1'))
  socket.write(frame(1, MARKUP))
  socket.write(frame(2, Buffer.from(LATIN1, 'latin1')))
  socket.end(closeFrame(4401, `${MARKUP}\0\u0007 ${SECRET}`))
}

const get = (target: string, ...lines: string[]) => `GET ${target} HTTP/1.1\r\nHost: a.example\r\n${lines.map(line => `${line}\r\n`).join('')}Connection: close\r\n\r\n`
const SECRETS = [`Authorization: Bearer ${SECRET}`, `Cookie: sid=${SECRET}; lang=de; ${SECRET}`, `X-Api-Key: ${SECRET}`]

/** Each once, as it is on the wire. */
const REQUESTS: Readonly<Record<string, string>> = {
  'markup in the URL, User-Agent and Referer': get(`/a${MARKUP.replaceAll(' ', '')}?q=${MARKUP}`, `User-Agent: ${MARKUP}`, `Referer: http://x/${MARKUP}?token=${SECRET}`),
  'bytes that are no UTF-8': get(`/a?token=${SECRET}`, `User-Agent: ${LATIN1}`, `X-${'Odd'}: ${LATIN1}`, `Cookie: ${LATIN1}=${SECRET}`),
  'percent-encodings that are none': get(`/a?%zz=%&token=${SECRET}%ZZ&b=%E0%A4%A`, `Referer: http://x/?return=%2F%3Ftoken%3D${SECRET}%&%`),
  'a URL in a URL': get(`/login?return=${encodeURIComponent(`https://x/?access_token=${SECRET}`)}`, ...SECRETS),
  'all places of secrets': get(`/a?access_token=${SECRET}&sig=${SECRET}`, ...SECRETS, `Proxy-Authorization: Basic ${BASIC}`, `Referer: https://user:${SECRET}@x/?code=${SECRET}`, `User-Agent: agent with ${SECRET}`),
  'Basic credentials': get('/a', `Authorization: Basic ${BASIC}`, `X-Copy: ${BASIC}`),
  'an absolute target with a user': get(`http://a.example/a?jwt=${SECRET}`, ...SECRETS),
  'a head of 60 KiB': get(`/a?token=${SECRET}&${'x'.repeat(10_000)}`, ...SECRETS, `X-Long: ${'z'.repeat(40_000)}`, `Cookie: ${Array.from({ length: 300 }, (_, i) => `c${i}=v${i}`).join('; ')}; last=${SECRET}`),
  'a path that cannot be decoded, which Fastify refuses': get(`/%zz%?token=${SECRET}`, ...SECRETS),
  'control characters, which Node refuses': get('/a', `X-Null: a\0b\x01${SECRET}`, ...SECRETS),
  'a tab and folded spaces': get('/a', 'X-Tab:\ta\tb \t', ...SECRETS)
}

const HANDSHAKES: Readonly<Record<string, string>> = {
  'a token as a sub-protocol': handshake({ 'Sec-WebSocket-Protocol': `bearer, ${SECRET}`, Origin: `https://x/${MARKUP}` }, `/ws?token=${SECRET}`),
  'markup as a sub-protocol': handshake({ 'Sec-WebSocket-Protocol': `${MARKUP}, ${SECRET}`, Cookie: `sid=${SECRET}`, 'User-Agent': LATIN1 }, '/ws')
}

for (const payload of [0, 64]) {
  t.test(`hostile exchanges at full verbosity${payload > 0 ? ', with payloads' : ''}`, async t => {
    const plain = await faulty(t, answering)
    const ws = await faulty(t, closing)
    const server = await serve(t, { rules: [{ areas: { General: 'Verbose', RequestNotifications: 'Verbose', Rewrite: 'Verbose', RequestRouting: 'Verbose', WebSocket: 'Verbose' }, ...payload > 0 ? { payloads: { maxBytes: payload } } : {} }], formats: ['html', 'har'] }, async app => {
      await app.register(urlRewrite, {
        rules: [
          { name: `set <${MARKUP}>`, match: { url: '(.*)' }, conditions: { add: [{ input: '{HTTP_COOKIE}', pattern: 'sid=([^;]*)' }] }, serverVariables: [{ name: 'HTTP_X_COPY', value: '{C:1}' }], action: { type: 'None' } },
          { name: 'ws', stopProcessing: true, match: { url: '^ws(.*)' }, action: { type: 'Rewrite', url: `${ws}/{R:0}` } },
          { name: 'plain', match: { url: '(.*)' }, action: { type: 'Rewrite', url: `${plain}/a` } }
        ]
      })
      await app.register(upstreamProxy, {})
    }, () => {}, { http: { maxHeaderSize: 131_072 } } as never)
    let answered = 0
    for (const [what, request] of Object.entries(REQUESTS)) {
      const near = client(t, server.port, '')
      near.socket.write(Buffer.from(request, 'latin1'))
      const answer = await near.until('\r\n\r\n')
      await near.closed
      if (!what.includes('refuses')) answered++
      else t.match(answer, /^HTTP\/1\.1 400 /, what)
    }
    for (const request of Object.values(HANDSHAKES)) {
      const near = client(t, server.port, '')
      near.socket.write(Buffer.from(request, 'latin1'))
      await near.until('alert')
      near.socket.end(Buffer.concat([frame(1, MARKUP, { masked: true }), closeFrame(1000, MARKUP, true)]))
      await near.closed
      answered++
    }
    t.equal((await server.written(answered)).length, answered, 'each has a trace')
    t.equal(server.app.traces.lost, 0)
    t.same(server.lines.filter(({ level }) => Number(level) >= 40).map(({ msg }) => msg).filter(msg => String(msg).includes('request-trace')), [], 'nothing of it has failed')

    const folder = join(server.directory, 'W3SVC1')
    const files = readdirSync(folder).sort()
    t.equal(files.length, answered * 3)
    for (const name of files) {
      const text = readFileSync(join(folder, name), 'utf8')
      for (const form of FORMS) t.notOk(text.includes(form), `${name} has no ${form}`)
      if (name.endsWith('.har')) JSON.parse(text)
      else if (name.endsWith('.html')) t.notMatch(text, /<script/i)
      else t.ok(parseTrace(text).events.length > 4, `${name} is read back`)
    }
    if (spawnSync('python3', ['-c', 'import xml.etree.ElementTree']).status === 0) {
      execFileSync('python3', ['-c', 'import sys, xml.etree.ElementTree as tree\nfor name in sys.argv[1:]: tree.parse(name)', ...files.filter(name => name.endsWith('.xml')).map(name => join(folder, name))])
    }
    t.notOk(JSON.stringify([...server.app.traces]).includes(SECRET), 'nor in memory')
  })
}
