// Which site gets a request, and what a request without a site gets.
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { hostRouting, type HostRoutingOptions } from '../src/index.ts'
import { get, wire } from './wire.ts'

type Test = Pick<typeof t, 'teardown'>

async function start (t: Test, options: HostRoutingOptions): Promise<{ app: FastifyInstance, port: number }> {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(hostRouting, options)
  app.all('/*', async request => ({ site: request.site, rejection: request.rejection }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, port: (app.server.address() as { port: number }).port }
}

const siteOf = (answer: string): string | undefined => /"site":\{"name":"([^"]+)/.exec(answer)?.[1]

t.test('a host names its site in any spelling', async t => {
  const { port } = await start(t, {
    sites: [
      { name: 'ReverseProxy', hosts: ['localhost', 'ReverseProxy.com', '::1'] },
      { name: 'IDN', hosts: ['münchen.example'] }
    ]
  })
  for (const host of ['localhost', 'LOCALHOST', 'localhost.', 'localhost:8000', 'localhost.:8000', 'localhost:', 'reverseproxy.com', '[::1]', '[0:0:0:0:0:0:0:1]:80']) {
    t.equal(siteOf(await wire(port, get(host))), 'ReverseProxy', host)
  }
  t.equal(siteOf(await wire(port, get('xn--mnchen-3ya.example'))), 'IDN')
  for (const host of ['evil-localhost', 'localhost.example', 'localhost..', 'sub.reverseproxy.com']) {
    t.match(await wire(port, get(host)), /^HTTP\/1\.1 400 /, host)
  }
})

t.test('each request is for the host that it names itself, also where the one before named one that is nearly the same, or none', async t => {
  const { app } = await start(t, { sites: ['a.example', 'a.exampl', 'b.example'].map(host => ({ name: host, hosts: [host] })) })
  const hosts: Record<string, string | null> = { 'a.example': 'a.example', 'A.example': 'a.example', 'a.example:1': 'a.example', 'a.exampl': 'a.exampl', 'b.example': 'b.example', 'a.example..': null, 'a example': null }
  for (const before of Object.keys(hosts)) {
    for (const [host, name] of Object.entries(hosts)) {
      await app.inject({ url: '/', headers: { host: before } })
      const answer = await app.inject({ url: '/', headers: { host } })
      t.equal(answer.statusCode === 400 ? null : answer.json().site.name, name, `${host} after ${before}`)
    }
  }
})

t.test('exact host before the longest wildcard before the default site', async t => {
  const { app } = await start(t, {
    sites: [
      { name: 'default', hosts: ['*'] },
      { name: 'wide', hosts: ['*.example.com'] },
      { name: 'narrow', hosts: ['*.a.example.com'] },
      { name: 'exact', hosts: ['x.a.example.com'] }
    ]
  })
  const expected = {
    'x.a.example.com': 'exact',
    'y.a.example.com': 'narrow',
    'z.y.a.example.com': 'narrow',
    'a.example.com': 'wide',
    'b.example.com': 'wide',
    'example.com': 'default',
    'notexample.com': 'default'
  }
  for (const [host, name] of Object.entries(expected)) {
    const answer = await app.inject({ url: '/', headers: { host } })
    t.equal(answer.json().site.name, name, host)
  }
})

t.test('an unknown host gets the answer of HTTP.sys, byte for byte but for Server', async t => {
  const { port } = await start(t, { sites: [{ name: 'known', hosts: ['known.example'] }] })
  const answer = await wire(port, get('unknown.example'))
  t.equal(answer.replace(/Date: [^\r]+GMT/, 'Date: now'), [
    'HTTP/1.1 400 Bad Request',
    'Content-Type: text/html; charset=us-ascii',
    'Date: now',
    'Connection: close',
    'Content-Length: 334',
    '',
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">',
    '<HTML><HEAD><TITLE>Bad Request</TITLE>',
    '<META HTTP-EQUIV="Content-Type" Content="text/html; charset=us-ascii"></HEAD>',
    '<BODY><h2>Bad Request - Invalid Hostname</h2>',
    '<hr><p>HTTP Error 400. The request hostname is invalid.</p>',
    '</BODY></HTML>',
    ''
  ].join('\r\n'))
})

t.test('a request that names no host, or two, never reaches the default site', async t => {
  const { port } = await start(t, { sites: [{ name: 'default', hosts: ['*'] }, { name: 'a', hosts: ['a'] }] })
  const refused = {
    'no Host': get(null),
    'no Host in HTTP/1.0': 'GET / HTTP/1.0\r\n\r\n',
    'an empty Host': get(''),
    'two Hosts': get('a', '/', 'Host: b\r\n'),
    'the same Host twice': get('a', '/', 'host: a\r\n'),
    'user information': get('user@a'),
    'a space': get('a b'),
    'a comma list': get('a, b'),
    'a path': get('a/b'),
    'percent-encoding': get('%61'),
    'a port that is none': get('a:http'),
    'a port too large': get('a:65536'),
    'IPv6 without brackets': get('::1'),
    'no IPv6 in brackets': get('[a]'),
    'bytes above ASCII': get('\u00e4'),
    'an absolute URL for another host': get('a', 'http://b/'),
    'an absolute URL for another port': get('a', 'http://a:81/'),
    'an absolute URL with user information': get('a', 'http://user@a/'),
    'an asterisk for another method than OPTIONS': get('a', '*')
  }
  for (const [name, bytes] of Object.entries(refused)) t.match(await wire(port, bytes), /^HTTP\/1\.1 400 /, name)
  for (const [host, target] of [['a', 'http://A:80/'], ['a:80', 'http://a/'], ['a.', 'HTTP://a:/'], ['A:', 'http://a./'], ['a:443', 'https://a/']]) {
    t.equal(siteOf(await wire(port, get(host as string, target))), 'a', `${target} for the same host, ${host}`)
  }
  t.equal(siteOf(await wire(port, get('a', '*').replace('GET', 'OPTIONS'))), 'a', 'OPTIONS *')
  t.equal(siteOf(await wire(port, get('b'))), 'default')
})
