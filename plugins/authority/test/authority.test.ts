// Which texts are an authority, and which two are the same?
import t from 'tap'
import { defaultPort, isAuthority, normalizeHost, parseAuthority, sameAuthority } from '../src/index.ts'

const longest = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`

const VALID = {
  a: ['a', null],
  'Example.COM': ['example.com', null],
  'example.com.': ['example.com', null],
  'example.com:': ['example.com', null],
  'example.com.:8080': ['example.com', 8080],
  'a:0': ['a', 0],
  'a:00080': ['a', 80],
  'a:65535': ['a', 65535],
  'my_server-1.example': ['my_server-1.example', null],
  '_http._tcp.example': ['_http._tcp.example', null],
  'srv~1': ['srv~1', null],
  '127.0.0.1:80': ['127.0.0.1', 80],
  '0x7f.1': ['0x7f.1', null],
  '[::1]': ['[::1]', null],
  '[2001:DB8::0:1]:443': ['[2001:db8::1]', 443],
  '[::FFFF:192.0.2.1]:': ['[::ffff:c000:201]', null],
  'xn--mnchen-3ya.example': ['xn--mnchen-3ya.example', null],
  [longest]: [longest, null],
  [`${longest}:65535`]: [longest, 65535]
} as const

const INVALID = [
  '', ' ', 'a b', ' a', 'a ', 'a\tb', 'a\r\nb', 'a\0b', 'a@b', 'user:pw@b', 'a/b', 'a?b', 'a#b', 'a\\b', '//a', 'http://a', '*', '.', '..', '.a', 'a..b', 'a..',
  ':80', 'a:1:2', 'a:x', 'a:port', 'a:-1', 'a:+1', 'a: 80', 'a:65536', 'a:99999', 'a:000080', '::1', '[::1', '::1]', '[::1]x', '[::1]:x', '[]', '[zz]', '[1.2.3.4]', '[fe80::1%eth0]', '[v1.a]',
  'a%00b', '%61', 'a\u00e9', 'm\u00fcnchen.example', 'a,b', 'a, b', 'a;b', 'a!b', 'a$b', 'a&b', 'a\'b', 'a(b', 'a+b', 'a=b', 'a"b', 'a<b', 'a>b', 'a^b', 'a`b', 'a{b', 'a|b', 'a}b', '\u017f', '\u212a',
  `a.${longest}`, 'a'.repeat(100_000), `${'a.'.repeat(50_000)}!`
]

t.test('a host with or without a port is read into one form', async t => {
  for (const [text, [host, port]] of Object.entries(VALID)) {
    t.strictSame(parseAuthority(text), { host, port }, text)
    t.ok(isAuthority(text), text)
    t.equal(parseAuthority(host)?.host, host, 'which is read as itself')
  }
})

t.test('anything else is none', async t => {
  for (const text of INVALID) {
    t.equal(parseAuthority(text), null, JSON.stringify(text.slice(0, 40)))
    t.notOk(isAuthority(text), JSON.stringify(text.slice(0, 40)))
    t.notOk(sameAuthority(text, text, 'http'), 'nor is it the same as itself')
    t.notOk(sameAuthority('a', text, 'http'))
  }
})

const SAME = [
  ['a', 'a', 'http'], ['a', 'A', 'http'], ['a', 'a.', 'http'], ['a', 'a:', 'http'], ['a', 'a:80', 'http'], ['A.:', 'a:00080', 'HTTP'], ['a:443', 'a', 'https'], ['a:443', 'a', 'wss'], ['a', 'a:80', 'ws'],
  ['a:8080', 'A.:8080', 'http'], ['[::1]', '[0:0::1]:80', 'http'], ['a:', 'a', 'ftp'], ['a:21', 'a:21', 'ftp']
] as const

const DIFFERENT = [
  ['a', 'b', 'http'], ['a', 'a:443', 'http'], ['a', 'a:80', 'https'], ['a:80', 'a:443', 'https'], ['a', 'a.b', 'http'], ['a', 'a:8080', 'http'], ['a', 'a:21', 'ftp'], ['[::1]', '[::2]', 'http'],
  ['127.0.0.1', 'localhost', 'http'], ['a', 'a:80', 'constructor'], ['a', 'u@a', 'http'], ['a', 'a/', 'http']
] as const

t.test('the same host is the same host, however it is written', async t => {
  for (const [one, other, scheme] of SAME) t.ok(sameAuthority(one, other, scheme) && sameAuthority(other, one, scheme), `${one} ${other} ${scheme}`)
  for (const [one, other, scheme] of DIFFERENT) t.notOk(sameAuthority(one, other, scheme) || sameAuthority(other, one, scheme), `${one} ${other} ${scheme}`)
  t.strictSame(['http', 'WS', 'https', 'wss', 'ftp', 'toString'].map(defaultPort), [80, 80, 443, 443, null, null])
})

t.test('a host that an option names gets the form of a host that a request names', async t => {
  for (const [text, host] of Object.entries({
    a: 'a',
    'A.Example.': 'a.example',
    'M\u00fcnchen.example': 'xn--mnchen-3ya.example',
    'XN--mnchen-3ya.example': 'xn--mnchen-3ya.example',
    '::1': '[::1]',
    '[::0:1]': '[::1]',
    'srv~1': 'srv~1',
    [longest]: longest
  })) {
    t.equal(normalizeHost(text), host, text)
    t.equal(parseAuthority(host)?.host, host)
  }
  for (const text of ['', 'a b', 'a:80', 'a/b', 'a@b', 'a?b', '[::1', 'fe80::1%eth0', '.a', 'a..b', '%61', 'a,b', `a.${longest}`]) t.equal(normalizeHost(text), null, text)
})
