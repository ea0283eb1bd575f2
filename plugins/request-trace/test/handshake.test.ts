// What became of the headers: the lists of a trace, and their differences.
import t from 'tap'
import { attemptsOf } from '../src/story/attempts.ts'
import { handshakeOf, headerDifferences, headerLines, headerValue } from '../src/trace/handshake.ts'
import { webSocketOf } from '../src/story/web-socket.ts'
import { refusedTrace, webSocketTrace } from './traces.ts'

t.test('two lists differ by what was added, removed and changed, in the order of the first and then of the second', async t => {
  const before = headerLines('Host: a\r\nCookie: x=1\r\nVia: 1\r\nAccept: */*\r\nVia: 2\r\n')
  const after = headerLines('X-Forwarded-For: 192.0.2.7\r\nhost: b\r\naccept: */*\r\nVia: 1\r\n')
  t.same(headerDifferences(before, after), [
    { name: 'Host', before: ['a'], after: ['b'], change: 'changed' },
    { name: 'Cookie', before: ['x=1'], after: [], change: 'removed' },
    { name: 'Via', before: ['1', '2'], after: ['1'], change: 'changed' },
    { name: 'Accept', before: ['*/*'], after: ['*/*'], change: 'same' },
    { name: 'X-Forwarded-For', before: [], after: ['192.0.2.7'], change: 'added' }
  ])
  t.same(headerDifferences([], []), [])
})

t.test('a request line is no header, a folded line belongs to the one before, and a value may be empty', async t => {
  t.same(headerLines('GET http://a:80/b?c: d HTTP/1.1\r\nA: 1\r\n  2\r\nB:\r\nC: d: e\r\n\r\n'), [{ name: 'A', value: '1 2' }, { name: 'B', value: '' }, { name: 'C', value: 'd: e' }])
  t.equal(headerValue(headerLines('UPGRADE: websocket\r\n'), 'upgrade'), 'websocket')
  t.equal(headerValue(null, 'upgrade'), undefined)
})

t.test('a name that is a property of objects is a name like any other', async t => {
  t.same(headerDifferences(headerLines('__proto__: a\r\nconstructor: b\r\n'), headerLines('constructor: b\r\n')).map(({ name, change }) => `${name} ${change}`), ['__proto__ removed', 'constructor same'])
})

t.test('the lists of an exchange are those of its last attempt', async t => {
  const { received, sent, answered, passedOn } = handshakeOf(webSocketTrace)
  t.equal(headerValue(received, 'host'), 'chat.example')
  t.equal(headerValue(sent, 'host'), 'localhost:8080')
  t.equal(headerValue(answered, 'server'), 'backend')
  t.equal(headerValue(passedOn, 'server'), undefined)
  t.equal(handshakeOf(refusedTrace).sent, null)
})

t.test('attempts have their steps, each as long as it took', async t => {
  const [first, second, ...none] = attemptsOf(webSocketTrace)
  t.same(none, [])
  t.match(first, { server: 'http://10.0.0.1:8080', began: 1, sentAt: null, answer: null, failure: { code: 'FST_ARR_UPSTREAM_REFUSED', moment: 'connect', systemCode: 'ECONNREFUSED', at: 2.5 } })
  t.match(second, { server: 'http://10.0.0.2:8080', began: 2.7, sentAt: 9.8, lookup: 1.5, connect: 1.5, secure: 4, reused: false, failure: null, answer: { at: 21.4, status: 101 } })
})

t.test('an exchange that asked for no WebSocket has no life of one; one that was refused has', async t => {
  t.equal(webSocketOf(refusedTrace), null)
  const refused = webSocketOf({ ...webSocketTrace, events: webSocketTrace.events.filter(({ name }) => !name.startsWith('WEBSOCKET')) })
  t.match(refused, { open: null, closed: null, frames: [] })
  t.equal(webSocketOf(webSocketTrace)?.frames.length, 5)
})
