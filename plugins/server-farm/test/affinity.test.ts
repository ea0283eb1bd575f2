// Clients stay with the server that they had: by ARR's cookie, by a header or a name of the query.
import fc from 'fast-check'
import t from 'tap'
import { arrValue } from '../src/affinity/arr-cookie.ts'
import type { AffinityOptions, FarmOptions } from '../src/index.ts'
import { ask, type Asked, choose, isChoice, visitOf, type World, worldOf } from './world.ts'

const SERVERS = ['10.0.0.1', '10.0.0.2', '10.0.0.3']
const COOKIE = 'ARRAffinity'
const KNOWN = {
  '10.0.0.1': '2817EB93EA2BC2092A16C9D3D6E668ED1F97F9D6FB5460403F663C1D40B3CD0B',
  'web-1.example': '4DD7C7D4113571139B7F1EFE9F72E8DB026956C5B0895D9EDBF618ADEA379D67'
}

function world (affinity: AffinityOptions = { cookie: COOKIE }, more: Partial<FarmOptions> = {}): World {
  return worldOf([{ name: 'chat', servers: SERVERS, affinity, ...more }])
}

const withCookie = (name: string, cookie = COOKIE): Asked => ({ headers: { cookie: `${cookie}=${arrValue(name)}` } })

/** The headers that the client gets. */
function answerOf ({ farms }: World, asked: Asked = {}, headers: string[] = [], status = 200): string[] {
  const choice = choose(farms, asked, status === 101 ? 'webSocket' : 'request')
  choice.answered(status, headers)
  return headers
}

t.test('the value for a name is that of YARP: upper-case hex SHA-256 of the lower-cased name in UTF-16LE', async t => {
  // By `printf 10.0.0.1 | iconv -t UTF-16LE | sha256sum`, and so on.
  t.equal(arrValue('10.0.0.1'), KNOWN['10.0.0.1'])
  t.equal(arrValue('WEB-1.Example'), KNOWN['web-1.example'])
})

t.test('a client without the cookie gets it, on a page and on a 101', async t => {
  for (const status of [200, 101, 404]) {
    const { farms } = world()
    const choice = choose(farms, {}, status === 101 ? 'webSocket' : 'request')
    const headers = ['Content-Type', 'text/plain']
    choice.answered(status, headers)
    t.same(headers, ['Content-Type', 'text/plain', 'Set-Cookie', `ARRAffinity=${arrValue(choice.name)}; Path=/; HttpOnly`])
  }
})

t.test('a client with the cookie has its server each time, and gets no cookie', async t => {
  const one = world()
  for (const name of SERVERS) {
    for (let index = 0; index < 20; index++) t.equal(choose(one.farms, withCookie(name)).name, name)
    t.same(answerOf(one, withCookie(name)), [])
    t.same(answerOf(one, { headers: { cookie: `a=1; ${COOKIE}=${arrValue(name).toLowerCase()}; b=2` } }), [], 'in lower case as well')
  }
})

t.test('the cookie is Secure on https, and has the SameSite of the options', async t => {
  const line = (affinity: AffinityOptions, protocol: 'http' | 'https'): string => answerOf(world(affinity), { protocol })[1]?.replace(/=[0-9A-F]{64}/, '') ?? ''
  t.equal(line({ cookie: 'c' }, 'https'), 'c; Path=/; HttpOnly; Secure')
  t.equal(line({ cookie: 'c', sameSite: 'Lax' }, 'http'), 'c; Path=/; HttpOnly; SameSite=Lax')
  t.equal(line({ cookie: 'c', sameSite: 'Strict' }, 'https'), 'c; Path=/; HttpOnly; Secure; SameSite=Strict')
  t.equal(line({ cookie: 'c', sameSite: 'None' }, 'https'), 'c; Path=/; HttpOnly; Secure; SameSite=None')
  t.equal(line({ cookie: 'c', sameSite: 'None' }, 'http'), 'c; Path=/; HttpOnly', 'browsers refuse None that is not Secure')
})

t.test('Arr-Disable-Session-Affinity: true is honoured, and never reaches the client', async t => {
  t.same(answerOf(world(), {}, ['A', '1', 'ARR-Disable-Session-Affinity', 'True', 'B', '2']), ['A', '1', 'B', '2'])
  t.same(answerOf(world(), withCookie('10.0.0.1'), ['Arr-Disable-Session-Affinity', 'true']), [])
  t.match(answerOf(world(), {}, ['Arr-Disable-Session-Affinity', 'false']), ['Set-Cookie', /./])
})

t.test('cookies of several farms do not disturb each other', async t => {
  const { farms } = worldOf([
    { name: 'chat', servers: SERVERS, affinity: { cookie: 'Chat' } },
    { name: 'shop', servers: SERVERS, affinity: { cookie: 'Shop' } }
  ])
  const asked = { headers: { cookie: `Shop=${arrValue('10.0.0.2')}; Chat=${arrValue('10.0.0.3')}` } }
  for (let index = 0; index < 10; index++) t.equal(choose(farms, asked).name, '10.0.0.3')
})

t.test('whatever a client sends as the cookie, it has a server', async t => {
  const one = world()
  fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9A-Fa-f]{60,66}$/), fc.constantFrom('', '__proto__', '%', '"', `${'A'.repeat(16_000)}`)), value => {
    const choice = choose(one.farms, { headers: { cookie: `${COOKIE}=${value}` } }, 'request')
    const headers: string[] = []
    choice.answered(200, headers)
    choice.ended(null)
    return headers[1] === `${COOKIE}=${arrValue(choice.name)}; Path=/; HttpOnly`
  }))
  const refusing = world({ cookie: COOKIE, onLost: 'refuse' })
  t.ok(isChoice(ask(visitOf(refusing.farms, { headers: { cookie: `${COOKIE}=nonsense` } }))), 'what is no value of ours binds to nothing')
})

t.test('a draining server serves those that are bound to it, and nobody else', async t => {
  const { farms } = world()
  farms.farm('chat').setState('10.0.0.1', 'draining')
  for (let index = 0; index < 50; index++) t.not(choose(farms).name, '10.0.0.1')
  t.equal(choose(farms, withCookie('10.0.0.1')).name, '10.0.0.1')
  farms.farm('chat').setState('10.0.0.1', 'unavailableGracefully')
  t.not(choose(farms, withCookie('10.0.0.1')).name, '10.0.0.1')
})

t.test('a client whose server is gone goes to another one and is bound there, or is refused', async t => {
  const one = world()
  one.farms.farm('chat').remove('10.0.0.1')
  const headers = answerOf(one, withCookie('10.0.0.1'))
  t.ok(SERVERS.slice(1).some(name => headers[1]?.includes(arrValue(name))))

  const { farms } = world({ cookie: COOKIE, onLost: 'refuse' })
  farms.farm('chat').setState('10.0.0.1', 'unavailableGracefully')
  t.match(ask(visitOf(farms, withCookie('10.0.0.1'))), { reason: 'lost' })
  t.ok(isChoice(ask(visitOf(farms, withCookie('10.0.0.2')))))
  t.ok(isChoice(ask(visitOf(farms))), 'one that is new is not lost')
})

t.test('a header or a name of the query binds clients without cookies', async t => {
  for (const asked of [(key: string): Asked => ({ headers: { 'x-device': key } }), (key: string): Asked => ({ url: `/chat?a=b&Device=${key}` })]) {
    const one = world({ header: 'X-Device', query: 'device' }, { servers: [...SERVERS, '10.0.0.4'] })
    const names = new Map(Array.from({ length: 400 }, (_, key) => [`${key}`, choose(one.farms, asked(`${key}`)).name]))
    t.equal(new Set(names.values()).size, 4)
    for (const [key, name] of names) t.equal(choose(one.farms, asked(key)).name, name)
    one.farms.farm('chat').setState('10.0.0.4', 'unavailableGracefully')
    for (const [key, name] of names) if (name !== '10.0.0.4') t.equal(choose(one.farms, asked(key)).name, name, 'the others stay')
    one.farms.farm('chat').setState('10.0.0.4', 'available')
    for (const [key, name] of names) t.equal(choose(one.farms, asked(key)).name, name, 'and those that had to go come back')
    t.same(answerOf(one, asked('1')), [], 'there is no cookie')
  }
})

t.test('the cookie goes before the header, the header before the query', async t => {
  const one = world({ cookie: COOKIE, header: 'x-device', query: 'device' })
  const byHeader = choose(one.farms, { headers: { 'x-device': '7' } }).name
  const other = SERVERS.find(name => name !== byHeader) as string
  t.equal(choose(one.farms, { headers: { 'x-device': '7', ...withCookie(other).headers }, url: '/?device=3' }).name, other)
  t.equal(choose(one.farms, { headers: { 'x-device': '7' }, url: '/?device=3' }).name, byHeader)
})
