// No secret is in a trace, wherever it was: planted in every place where a URL or a header occurs.
import { channel } from 'node:diagnostics_channel'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { CHANNELS, type AnswerSent, type AttemptAnswered, type AttemptSent, type RewriteMessage } from '@fastify-arr/facts'
import { urlRewrite } from '@fastify-arr/url-rewrite'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import type { RequestTraceOptions, Trace } from '../src/index.ts'
import { redactExplanation } from '../src/redaction/explanation.ts'
import { Redactor } from '../src/redaction/redactor.ts'
import { Secrets } from '../src/redaction/secrets.ts'
import { dataOf, serve, upstream } from './serving.ts'

/** Its first letters are found in what leaks. */
const MARK = 'LEAKED'
const secret = () => `${MARK}${randomBytes(9).toString('hex')}`
/** As it looks in another case, or with its letters in the percent-encoding. */
const FORMS = new RegExp(`${MARK}|${[...MARK].map(letter => `%${letter.charCodeAt(0).toString(16)}`).join('')}`, 'i')
const jwt = () => `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(JSON.stringify({ sub: MARK })).toString('base64url')}.${MARK}signature`

const redactor = new Redactor({ headers: ['X-Own'], query: ['own'] }, true)
const MARKED = 'redacted-\\d+-[0-9a-f]{8}'

for (const [name, value, shown] of [
  ['Authorization', `Bearer ${secret()}`, `^Bearer ${MARKED}$`],
  ['authorization', secret(), `^${MARKED}$`],
  ['Authorization', `Digest username="${secret()}", response="x"`, `^Digest ${MARKED}$`],
  ['Proxy-Authorization', `Basic ${secret()}`, `^Basic ${MARKED}$`],
  ['Cookie', `a=${secret()}; b=; c=${secret()};d`, `^a=${MARKED}; b=; c=${MARKED};${MARKED}$`],
  ['Cookie', secret(), `^${MARKED}$`],
  ['Set-Cookie', `sid=${secret()}; Path=/; HttpOnly; SameSite=Lax`, `^sid=${MARKED}; Path=/; HttpOnly; SameSite=Lax$`],
  ['X-Api-Key', secret(), `^${MARKED}$`],
  ['X-Auth-Token', secret(), `^${MARKED}$`],
  ['Ocp-Apim-Subscription-Key', secret(), `^${MARKED}$`],
  ['X-Own', secret(), `^${MARKED}$`],
  ['Sec-WebSocket-Protocol', `chat, ${secret()}`, `^chat, ${MARKED}$`],
  ['Sec-WebSocket-Protocol', `access_token, ${MARK}`, `^access_token, ${MARKED}$`],
  ['Sec-WebSocket-Protocol', `base64url.bearer.authorization.k8s.io.${secret()}`, `^${MARKED}$`],
  ['Sec-WebSocket-Protocol', `graphql-transport-ws, ${jwt()}`, `^graphql-transport-ws, ${MARKED}$`],
  ['Referer', `https://a.example/?token=${secret()}&b=1`, `^https://a\\.example/\\?token=${MARKED}&b=1$`],
  ['Location', `/back#access_token=${secret()}&state=5`, `^/back#access_token=${MARKED}&state=5$`],
  ['Location', `https://user:${secret()}@a.example/`, `^https://${MARKED}@a\\.example/$`],
  ['X-Anything', `see ${jwt()} here`, `^see ${MARKED} here$`],
  ['X-Original-URL', `/a?next=${encodeURIComponent(`/b?code=${secret()}`)}`, `^/a\\?next=${MARKED}$`],
  // What follows is in the places where a secret once was looked past.
  ['Location', `/in?returnUrl=/cb?code=${secret()}&b=1`, `^/in\\?returnUrl=/cb\\?code=${MARKED}&b=1$`],
  ['Refresh', `0;url=https://a.example/?token=${secret()}`, `^0;url=https://a\\.example/\\?token=${MARKED}$`],
  ['Referer', `/a?password=ab;${secret()}?${secret()}&b=1`, `^/a\\?password=${MARKED}&b=1$`],
  ['Referer', `/a?b=1;token=${secret()}`, `^/a\\?b=1;token=${MARKED}$`],
  ['Referer', `/a?next=%2Fb%3Fname%3DM%FCller%26token%3D${secret()}`, `^/a\\?next=${MARKED}$`],
  ['Referer', `/a?next=%252Fb%253Ftoken%253D${secret()}`, `^/a\\?next=${MARKED}$`],
  ['Referer', `/a?data=%7B%22b%22%3A1%2C%22accessToken%22%3A%22${secret()}%22%7D`, `^/a\\?data=${MARKED}$`],
  ['Referer', `/a?to%6Ben%FC=${secret()}`, `^/a\\?to%6Ben%FC=${MARKED}$`],
  ['Referer', `/a?${'b'.repeat(300)}_token=${secret()}`, `^/a\\?b{300}_token=${MARKED}$`],
  ['Location', `https://user:p@${secret()}@a.example/`, `^https://${MARKED}@a\\.example/$`],
  ['Location', `//user:${secret()}@a.example/`, `^//${MARKED}@a\\.example/$`],
  ['Set-Cookie', `a=; Path=/b?token=${secret()}`, `^a=; Path=/b\\?token=${MARKED}$`],
  ['Authentication', secret(), `^${MARKED}$`],
  ['X-AccessKey', secret(), `^${MARKED}$`],
  [':path', `/a;jsessionid=${secret()}?x=y`, `^/a;jsessionid=${MARKED}$`]
] as const) {
  t.test(`${name}: ${value.replaceAll(new RegExp(`${MARK}\\w*`, 'g'), '…').slice(0, 60)}`, async t => {
    const text = redactor.value(name, value, new Secrets())
    t.match(text, new RegExp(shown))
    t.notMatch(text, FORMS)
  })
}

t.test('names that are secret, and those that are not', async t => {
  for (const name of ['token', 'access_token', 'accessToken', 'id-token', 'key', 'api_key', 'apikey', 'secret', 'client_secret', 'password', 'code', 'sig', 'X-Amz-Signature', 'own', 'OWN', 'sid', 'to%6ben', 'accessKey', 'secretKey', 'AWSAccessKeyId', 'subscriptionKey', 'tokenValue', 'accessToken1', 'newPassword2', 'userPass', 'authCode', 'SAMLResponse', 'code_verifier', 'hmac', 'pw']) {
    t.notMatch(redactor.text(`/?${name}=${MARK}x`, new Secrets()), FORMS, name)
  }
  for (const name of ['a', 'page', 'postcode', 'monkeys', 'q', 'state', 'utm_source', 'keyboard', 'Passenger', 'authority', 'codec', 'pwa']) t.equal(redactor.text(`/?${name}=value`, new Secrets()), `/?${name}=value`)
  for (const [header, value] of [['Accept', 'text/html;q=0.9, */*;q=0.8'], ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='], ['Sec-WebSocket-Protocol', 'graphql-subscriptions-transport-ws, mqtt'], ['ETag', '"abc=="']] as const) {
    t.equal(redactor.value(header, value, new Secrets()), value)
  }
})

t.test('the same secret has the same mark, in every place; another one of its length has not', async t => {
  const secrets = new Secrets()
  const [one, other] = [secret(), secret()]
  const mark = redactor.value('X-Api-Key', one, secrets)
  t.equal(redactor.text(`/?token=${one}`, secrets), `/?token=${mark}`)
  t.not(redactor.text(`/?token=${other}`, secrets), `/?token=${mark}`)
  t.equal(redactor.value('X-Api-Key', one, new Secrets()), mark, 'in other exchanges, too')
})

t.test('a cookie whose value is a word of HTTP changes nothing of how the message is shown to be built', async t => {
  const secrets = new Secrets()
  const lines = ['Cookie', 'mode=upgrade; kind=websocket', 'Connection', 'keep-alive, Upgrade', 'Upgrade', 'websocket', 'X-Kind', 'websocket']
  t.match(redactor.headers(lines, secrets), ['Cookie', /^mode=redacted/, 'Connection', 'keep-alive, Upgrade', 'Upgrade', 'websocket', 'X-Kind', /^redacted/])
  t.match(redactor.head('GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Kind: websocket\r\n\r\n', secrets), /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Kind: redacted/)
})

t.test('a long text with many pairs is read once', async t => {
  for (const piece of [';a=b', '?a=?', '&a=%41;', '//a@', '?a=%22a%22%20', ';token=']) {
    const text = `/${piece.repeat(Math.ceil(262_144 / piece.length))}`
    const began = performance.now()
    redactor.text(text, new Secrets())
    t.ok(performance.now() - began < 5_000, piece)
  }
})

t.test('what the upstream says of a secret that it got is shown without it: in its status line, a Close frame, and the sub-protocol that it chose', async t => {
  const [token, short] = [secret(), `${MARK}1`]
  const up = await upstream(t, (_request, response) => { response.writeHead(401, `bad token ${token}`).end() }, socket => { socket.close(4001, `${token} has expired`) })
  const server = await serve(t, { directory: null, rules: [{}] }, async app => { await app.register(upstreamProxy, { upstream: `http://127.0.0.1:${up.port}` }) })
  await (await fetch(`http://127.0.0.1:${server.port}/`, { headers: { Authorization: `Bearer ${token}` } })).text()
  // The server of `ws` chooses the first.
  const handshake = 'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
  up.server.prependListener('upgrade', request => { request.headers['sec-websocket-protocol'] = short })
  const socket = connect(server.port, '127.0.0.1')
  socket.write(`GET /?token=${token} HTTP/1.1\r\n${handshake}Sec-WebSocket-Protocol: access_token, ${short}\r\n\r\n`)
  // An empty Close frame, masked, is the answer to the upstream's.
  socket.on('data', part => { if (part.includes('has expired')) socket.end(Buffer.from([0x88, 0x80, 0, 0, 0, 0])) })
  await once(socket, 'close')
  const traces = await server.written(2)
  t.notMatch(JSON.stringify(traces), FORMS)
  t.match(dataOf(traces[1]!, 'ARR_RESPONSE_HEADERS_END').HttpReason, /^bad token redacted/)
  t.match(dataOf(traces[0]!, 'WEBSOCKET_CLOSE_FRAME'), { Code: 4001, Reason: /^redacted-\S+ has expired$/ })
  t.match(dataOf(traces[0]!, 'WEBSOCKET_CLOSED'), { CloseReason: /^redacted-\S+ has expired$/ })
  t.match(dataOf(traces[0]!, 'WEBSOCKET_OPEN').SubProtocol, /^redacted-7-/)
})

t.test('with more secrets than are looked for, no text of the rules is shown', async t => {
  const secrets = new Secrets()
  const shown = redactor.value('Cookie', Array.from({ length: 3_000 }, (_, index) => `c${index}=${MARK}${index}`).join('; '), secrets)
  t.notMatch(shown, FORMS)
  t.ok(secrets.full)
  t.notMatch(secrets.hide(`${MARK}2999`), FORMS)
})

t.test('what looks like an attack on the patterns takes no long time', async t => {
  const began = process.cpuUsage().user
  for (const text of ['?'.repeat(16_000), '?a'.repeat(8_000), '?a=%'.repeat(4_000), '://'.repeat(5_000), 'eyJ'.repeat(5_000), `eyJ${'a'.repeat(8_000)}.${'b'.repeat(8_000)}`, ';=@'.repeat(5_000), `?${'a'.repeat(16_000)}=`]) {
    redactor.text(text, new Secrets())
    redactor.value('Sec-WebSocket-Protocol', text, new Secrets())
    redactor.value('Cookie', text, new Secrets())
  }
  t.ok(process.cpuUsage().user - began < 3_000_000, String(process.cpuUsage().user - began))
})

t.test('of what a rule has captured, no part of a secret is shown, nor what is made of it', async t => {
  const token = secret()
  const secrets = new Secrets()
  redactor.value('Authorization', `Bearer ${token}`, secrets)
  const part = token.slice(2, 9)
  const { steps } = redactExplanation({
    method: 'GET',
    url: '/',
    outcome: null,
    steps: [{
      list: 'rules',
      rule: 'r',
      pattern: '(.*)',
      patternSyntax: 'ECMAScript',
      negate: false,
      input: 'shop/5',
      query: '',
      logicalGrouping: 'MatchAll',
      stopProcessing: false,
      matched: true,
      conditions: [{ input: '{HTTP_AUTHORIZATION}', value: `Bearer ${token}`, pattern: 'Bearer ..(.{7})', matchType: 'Pattern', negate: false, held: true }],
      applied: true,
      captures: { rule: ['shop/5', '5'], conditions: [`Bearer ${token.slice(0, 9)}`, part] },
      url: `/user/${part}`,
      headers: { 'x-part': part, 'x-lower': token.toLowerCase() }
    }]
  }, redactor, secrets)
  t.notMatch(JSON.stringify(steps), new RegExp(`${part}|${token}`, 'i'))
  t.match(steps[0], { captures: { rule: ['shop/5', '5'] } })
})

/** Asks one of two servers and returns all traces as text: through the real proxy and rules, with a secret in each place. */
async function planted (t: Test, options: RequestTraceOptions): Promise<{ text: string, http: Trace, webSocket: Trace }> {
  const [cookie, bearer, query, header, setCookie, location, constant, protocol, user] = Array.from({ length: 9 }, secret) as [string, string, string, string, string, string, string, string, string]
  const up = await upstream(t, (_, response) => {
    response.writeHead(302, { 'Set-Cookie': [`s=${setCookie}; Path=/`, `t=${setCookie}`], Location: `/to?access_token=${location}`, 'X-Back': bearer }).end()
  }, socket => { socket.close() })
  const target = `http://127.0.0.1:${up.port}`
  const server = await serve(t, options, async app => {
    await app.register(urlRewrite, {
      rules: [{
        name: 'everything',
        match: { url: '(.*)' },
        conditions: {
          trackAllCaptures: true,
          add: [{ input: '{QUERY_STRING}', pattern: 'token=([^&]*)' }, { input: '{HTTP_COOKIE}', pattern: 'sid=(.*)' }, { input: '{HTTP_AUTHORIZATION}', pattern: ' ....(.*)' }, { input: '{HTTP_X_API_KEY}-{HTTP_HOST}', pattern: '.*' }]
        },
        serverVariables: [{ name: 'HTTP_X_COPY', value: '{C:1}/{C:2}' }, { name: 'HTTP_X_SECRET', value: constant }, { name: 'HTTP_X_PART', value: 'a{C:3}b' }, { name: 'HTTP_X_LOWER', value: '{ToLower:{C:1}}' }],
        action: { type: 'Rewrite', url: `${target}/{R:1}?key=${constant}&again={C:1}` }
      }]
    })
    await app.register(upstreamProxy)
    app.addHook('preHandler', async request => {
      const head = `GET /a?key=${constant}&again=${query} HTTP/1.1\r\nCookie: sid=${cookie}\r\nX-Copy: ${query}\r\nAuthorization: Bearer ${bearer}\r\nX-Secret: ${constant}\r\n\r\n`
      channel(CHANNELS.attemptSent).publish({ request, server: target, head, kept: true, local: null, remote: null, times: null, tls: null } satisfies AttemptSent)
      channel(CHANNELS.attemptAnswered).publish({ request, server: target, status: 302, reason: 'Found', headers: ['Set-Cookie', `s=${setCookie}`, 'Location', `/to?token=${location}`, 'X-Back', bearer] } satisfies AttemptAnswered)
      channel(CHANNELS.answerSent).publish({ request, status: 302, headers: ['Set-Cookie', `s=${setCookie}`, 'X-Back', cookie] } satisfies AnswerSent)
      channel(CHANNELS.rewrite).publish({ request, explanation: { method: 'GET', url: `/x?token=${query}`, steps: [], outcome: { type: 'Redirect', rule: 'r', status: 302, location: `/x?code=${secret()}` } } } satisfies RewriteMessage)
    })
  })
  const headers = { Cookie: `sid=${cookie}; lang=de`, Authorization: `Bearer ${bearer}`, 'X-Api-Key': header, Referer: `https://u:${user}@a.example/?password=${secret()}`, 'X-Jwt-In': jwt() }
  const socket = connect(server.port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.write(`GET http://u:${user}@127.0.0.1:${server.port}/a?b=1&token=${query}&next=${encodeURIComponent(`/?sig=${secret()}`)} HTTP/1.1\r\nHost: 127.0.0.1\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}Connection: close\r\n\r\n`)
  await new Promise(resolve => { socket.on('close', resolve).resume() })
  const client = new WebSocket(`ws://127.0.0.1:${server.port}/chat?token=${query}`, ['access_token', protocol], { headers })
  await new Promise(resolve => { client.on('error', () => {}).on('close', resolve) })
  const [webSocket, http] = await server.written(2) as [Trace, Trace]
  return { text: JSON.stringify([...server.app.traces]), http, webSocket }
}

t.test('a secret that was planted in each place is in no trace', async t => {
  for (let round = 0; round < 5; round++) {
    const { text, http } = await planted(t, { directory: null, rules: [{}] })
    t.notMatch(text, FORMS)
    t.match(http.url, new RegExp(`/a\\?b=1&token=${MARKED}&next=${MARKED}$`))
    t.match(dataOf(http, 'GENERAL_REQUEST_HEADERS').Headers, new RegExp(`Cookie: sid=${MARKED}; lang=${MARKED}\r\n`))
    t.match(dataOf(http, 'REWRITE_ACTION').RequestURL, /^http:\/\/127\.0\.0\.1:\d+\/a$/, 'what is no secret is shown')
  }
})

t.test('with areas that show little, and with the least memory, neither', async t => {
  t.notMatch((await planted(t, { directory: null, rules: [{ areas: { General: 'Information', RequestRouting: 'Verbose' } }] })).text, FORMS)
  t.notMatch((await planted(t, { directory: null, rules: [{}], memory: { perExchange: 16_384 } })).text, FORMS)
})

t.test('with dangerouslyWriteSecrets everything is written', async t => {
  const { http } = await planted(t, { directory: null, rules: [{}], dangerouslyWriteSecrets: true })
  t.match(dataOf(http, 'GENERAL_REQUEST_HEADERS').Headers, new RegExp(`Authorization: Bearer ${MARK}`))
  t.match(http.url, new RegExp(`token=${MARK}`))
})
