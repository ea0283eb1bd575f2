// A site of a file of IIS, and the client's TLS: what the upstream is told, which certificates are served, and which proxies are trusted.
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, request as requestHttp, type IncomingHttpHeaders } from 'node:http'
import { request as requestHttps } from 'node:https'
import { join } from 'node:path'
import { connect, type PeerCertificate } from 'node:tls'
import { generate } from 'selfsigned'
import t, { type Test } from 'tap'
import { certificatesOf } from '../start/settings/certificates.ts'
import { start } from './program.ts'
import { freePort, startSite } from './site.ts'

t.beforeEach(() => { t.setTimeout(120_000) })

/** A web.config whose one rule leads to an upstream that keeps the headers of the last request. */
async function proxied (t: Test): Promise<{ file: string, got: () => IncomingHttpHeaders }> {
  let headers: IncomingHttpHeaders = {}
  const upstream = createServer((request, response) => {
    headers = request.headers
    response.end('ok')
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  t.teardown(() => { upstream.close() })
  const file = join(t.testdir(), 'web.config')
  writeFileSync(file, `<configuration><system.webServer><rewrite><rules><rule name="all"><match url="(.*)" /><action type="Rewrite" url="http://127.0.0.1:${(upstream.address() as { port: number }).port}/{R:1}" /></rule></rules></rewrite></system.webServer></configuration>`)
  return { file, got: () => headers }
}

/** Sends a request, and waits for the whole answer. */
async function send (port: number, tls: boolean, headers: Record<string, string>): Promise<number | undefined> {
  const request = (tls ? requestHttps : requestHttp)({ host: '127.0.0.1', port, headers: { host: 'localhost', ...headers }, rejectUnauthorized: false, agent: false }).end()
  const [response] = await once(request, 'response')
  response.resume()
  await once(response, 'end')
  return response.statusCode
}

const withoutOpenssl = spawnSync('openssl', ['version']).error === undefined ? false : 'openssl is not installed'

const FORGED = { 'x-arr-ssl': '2048|256|forged', 'x-arr-clientcert': 'forged', x_arr_ssl: 'forged', 'x-original-url': '/forged', 'x-arr-log-id': 'forged' }

t.test('with a file of IIS the headers that ARR owns are of the connection, and never a client\'s', async t => {
  const { file, got } = await proxied(t)
  const site = await startSite(t, { webConfig: file })
  t.equal(await send(site.httpPort, false, FORGED), 200)
  t.notMatch(JSON.stringify(got()), 'forged')
  t.notOk('x-arr-ssl' in got())
  t.equal(await send(site.httpsPort, true, FORGED), 200)
  t.notMatch(JSON.stringify(got()), 'forged')
  t.match(got()['x-arr-ssl'], /^\d+\|(128|256)\|.*CN=.*\|CN=localhost/)
  t.notOk('x-arr-clientcert' in got(), 'no client is asked for a certificate')
  t.equal(got()['x-original-url'], '/')
})

/** A certificate for these hosts, as PEM. */
async function pemFor (...hosts: string[]): Promise<{ readonly private: string, readonly cert: string }> {
  return await generate([{ name: 'commonName', value: hosts[0] as string }], { keySize: 2048, extensions: [{ name: 'subjectAltName', altNames: hosts.map(value => ({ type: 2, value })) }] } as never)
}

/** An applicationHost.config with an https binding for each of these hosts, which answers 204 to everything. */
function bound (t: Test, port: number, ...hosts: string[]): string {
  const file = join(t.testdir(), 'applicationHost.config')
  writeFileSync(file, `<configuration><system.applicationHost><sites><site name="s" id="1"><bindings>
    ${hosts.map(host => `<binding protocol="https" bindingInformation="127.0.0.1:${port}:${host}" sslFlags="1" certificateHash="a1b2c3" certificateStoreName="WebHosting" />`).join('\n')}
  </bindings></site></sites></system.applicationHost><system.webServer><rewrite><globalRules><rule name="all"><match url=".*" /><action type="CustomResponse" statusCode="204" /></rule></globalRules></rewrite></system.webServer></configuration>`)
  return file
}

/** The common name of the certificate that a client gets for a name. */
async function served (port: number, servername: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { subject } = socket.getPeerCertificate() as PeerCertificate
  socket.destroy()
  return String(subject.CN)
}

t.test('an https host that others can reach needs a certificate: without one the site does not start, and says how it is exported', async t => {
  const port = await freePort(t)
  const file = bound(t, port, 'www.shop.example', 'one.localhost')
  await t.rejects(startSite(t, { webConfig: file }), { name: 'EnvironmentError', message: /^The site does not start: there is no certificate for www\.shop\.example\.\n.*:2:5: .*Export-PfxCertificate -Cert Cert:\\LocalMachine\\WebHosting\\A1B2C3 .*--development-certificate/s })
  const told = await startSite(t, { webConfig: file, developmentCertificate: true })
  t.equal(told.httpsPort, port)
  t.equal(await send(port, true, { host: `www.shop.example:${port}` }), 204)
})

t.test('hosts of this machine have the development certificate', async t => {
  const port = await freePort(t)
  const site = await startSite(t, { webConfig: bound(t, port, 'localhost', 'one.localhost', '') })
  t.equal(site.httpsPort, port)
  t.equal(await send(port, true, { host: `one.localhost:${port}` }), 204)
})

t.test('certificates are given by host, as PEM, alone or in a folder, and each host gets its own', async t => {
  const port = await freePort(t)
  const file = bound(t, port, 'one.example', 'two.example', 'three.example', 'four.example', 'localhost')
  const folder = join(t.testdirName, 'given')
  mkdirSync(join(folder, 'live', 'three.example'), { recursive: true })
  const [one, two, three] = await Promise.all([pemFor('one.example'), pemFor('two.example'), pemFor('three.example')])
  writeFileSync(join(folder, 'one.crt'), one.cert)
  writeFileSync(join(folder, 'secret.pem'), one.private)
  writeFileSync(join(folder, 'two.pem'), `${two.cert}\n${two.private}`)
  writeFileSync(join(folder, 'live', 'three.example', 'fullchain.pem'), three.cert)
  writeFileSync(join(folder, 'live', 'three.example', 'privkey.pem'), three.private)
  const certificate = [`one.example,four.example=${join(folder, 'one.crt')},${join(folder, 'secret.pem')}`, join(folder, 'two.pem'), join(folder, 'live')]
  await t.rejects(startSite(t, { webConfig: file, certificate: certificate.slice(0, 2) }), { message: /no certificate is for three\.example/ })
  await startSite(t, { webConfig: file, certificate })
  t.equal(await served(port, 'one.example'), 'one.example')
  t.equal(await served(port, 'four.example'), 'one.example')
  t.equal(await served(port, 'two.example'), 'two.example')
  t.equal(await served(port, 'three.example'), 'three.example')
  t.equal(await served(port, 'localhost'), 'localhost')
})

t.test('a PFX as Windows exports it is served, with its passphrase from the environment', { skip: withoutOpenssl }, async t => {
  const port = await freePort(t)
  const file = bound(t, port, 'www.shop.example')
  const path = (name: string): string => join(t.testdirName, name)
  const pem = await pemFor('www.shop.example')
  writeFileSync(path('a.crt'), pem.cert)
  writeFileSync(path('a.key'), pem.private)
  execFileSync('openssl', ['pkcs12', '-export', '-in', path('a.crt'), '-inkey', path('a.key'), '-passout', 'pass:s3cret', '-out', path('www.shop.example.pfx')])
  const program = start(t, { WEB_CONFIG: file, CERTIFICATES: `www.shop.example=${path('www.shop.example.pfx')}`, CERTIFICATE_PASSPHRASE_WWW_SHOP_EXAMPLE: 's3cret' })
  await program.says(/stop +Ctrl\+C/)
  t.equal(await served(port, 'www.shop.example'), 'www.shop.example')
  t.notMatch(program.output(), 's3cret')
  program.process.kill()
  await program.exit
  const wrong = start(t, { WEB_CONFIG: file, CERTIFICATES: `www.shop.example=${path('www.shop.example.pfx')}`, CERTIFICATE_PASSPHRASE: 'other' })
  t.match(await wrong.exit, { code: 1 })
  t.match(wrong.output(), /is no PFX, or not with this passphrase/)
  t.notMatch(wrong.output(), /other|\n +at /)
})

t.test('a file that is no certificate is a sentence that names it', async t => {
  const folder = t.testdir({ 'a.crt': (await pemFor('a.example')).cert, empty: {} })
  for (const [entry, told] of [['missing.pfx', /^--certificate .*missing\.pfx: it cannot be read \(ENOENT\)\.$/], ['a.crt', /its key is not in it and not beside it: write .*a\.crt,KEY\.$/], ['empty', /the folder has no \.pfx/]] as const) {
    t.throws(() => certificatesOf([join(folder, entry)], {}), { name: 'EnvironmentError', message: told })
  }
})

t.test('a passphrase comes from the environment, for one file or for all', async t => {
  const folder = t.testdir({ 'www.shop.pfx': '', 'b.pfx': '', 'c.crt': (await pemFor('c.example')).cert, 'c.key': 'key' })
  const env = { CERTIFICATE_PASSPHRASE: 'all', CERTIFICATE_PASSPHRASE_WWW_SHOP: 'one' }
  const of = (entry: string, env: Record<string, string>): object[] => certificatesOf([entry], env)
  t.match(of(`www.shop=${join(folder, 'www.shop.pfx')}`, env), [{ hosts: ['www.shop'], passphrase: 'one' }])
  t.match(of(join(folder, 'b.pfx'), env), [{ passphrase: 'all' }])
  t.match(of(join(folder, 'c.crt'), {}), [{ key: join(folder, 'c.key'), passphrase: undefined }])
  t.match(of(folder, env), [{ pfx: join(folder, 'b.pfx'), passphrase: 'all' }, { cert: join(folder, 'c.crt') }, { pfx: join(folder, 'www.shop.pfx'), passphrase: 'one' }])
})

t.test('a balancer is believed where --trust-proxy names it, and replaced where not', async t => {
  const { file, got } = await proxied(t)
  const said = { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' }
  for (const [words, forwardedFor, proto] of [[{}, '127.0.0.1', 'http'], [{ TRUST_PROXY: '127.0.0.1,::1' }, '203.0.113.7, 127.0.0.1', 'https'], [{ TRUST_PROXY: '10.0.0.0/8' }, '127.0.0.1', 'http']] as const) {
    const program = start(t, { WEB_CONFIG: file, ...words })
    const [, port] = await program.says(/http:\/\/localhost:(\d+)/)
    t.equal(await send(Number(port), false, said), 200)
    t.match(got(), { 'x-forwarded-for': forwardedFor, 'x-forwarded-proto': proto })
    program.process.kill()
    await program.exit
  }
})
