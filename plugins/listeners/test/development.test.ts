// The development certificate: made once, kept in its folder, trusted by clients of this machine, valid for local names only.
import { execFile } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkServerIdentity, connect, createServer } from 'node:tls'
import { once } from 'node:events'
import { promisify } from 'node:util'
import t from 'tap'
import { makeAuthority, makeCertificate } from '../src/certificates/authority.ts'
import { developmentCertificate } from '../src/certificates/development.ts'
import { howToTrust } from '../src/index.ts'
import { build, handshake, portOf, start } from './server.ts'

const run = promisify(execFile)

t.test('it is made once, for the hosts and this machine, and readable by its owner only', async t => {
  const folder = join(t.testdir(), 'certificates')
  const made = await developmentCertificate(folder, ['ReverseProxy.com', '*.app.example', '[::1]'])
  t.same(made.hosts, ['localhost', 'reverseproxy.com', '*.app.example', '::1', '127.0.0.1'])
  t.equal(made.newAuthority, true)
  const leaf = new X509Certificate(made.cert)
  t.equal(leaf.subjectAltName, 'DNS:localhost, DNS:reverseproxy.com, DNS:*.app.example, IP Address:0:0:0:0:0:0:0:1, IP Address:127.0.0.1')
  const authority = new X509Certificate(readFileSync(made.authorityFile))
  t.ok(leaf.verify(authority.publicKey))
  t.notMatch(readFileSync(made.authorityFile, 'utf8'), /PRIVATE/, 'the file to trust holds no key')
  t.same(readdirSync(folder).sort(), ['development-ca.crt', 'development-ca.pem', 'development.pem'])
  if (process.platform !== 'win32') {
    t.equal(statSync(folder).mode & 0o777, 0o700)
    for (const file of readdirSync(folder)) t.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file)
  }

  const kept = await developmentCertificate(folder, ['reverseproxy.com'])
  t.equal(kept.newAuthority, false)
  t.equal(kept.cert, made.cert, 'a certificate that is for more is kept')
  const more = await developmentCertificate(folder, ['reverseproxy.com', 'new.localhost'])
  t.not(more.cert, made.cert, 'one more host needs a new certificate')
  t.equal(more.newAuthority, false, 'but no new authority where it is under a local name')
  const wider = await developmentCertificate(folder, ['other.com'])
  t.equal(wider.newAuthority, true, 'a name that the authority cannot vouch for needs a new one')
})

t.test('it is renewed before it ends, by the same authority', async t => {
  const folder = t.testdir()
  const made = await developmentCertificate(folder, [])
  const [, cert, key] = /^([^]+-----END CERTIFICATE-----\n)([^]+)$/.exec(readFileSync(join(folder, 'development-ca.pem'), 'utf8')) as unknown as [string, string, string]
  const old = await makeCertificate({ cert, key }, made.hosts, 20)
  writeFileSync(join(folder, 'development.pem'), old.cert + old.key)
  const renewed = await developmentCertificate(folder, [])
  t.not(renewed.cert, old.cert)
  t.equal(renewed.newAuthority, false)
  t.ok(renewed.validTo.getTime() > Date.now() + 80 * 86_400_000)
})

t.test('an authority whose file is damaged is made again, once', async t => {
  const folder = join(t.testdir(), 'certificates')
  await developmentCertificate(folder, [])
  writeFileSync(join(folder, 'development-ca.pem'), '')
  const made = await developmentCertificate(folder, [])
  t.equal(made.newAuthority, true)
  const authority = readFileSync(made.authorityFile, 'utf8')
  t.equal((await developmentCertificate(folder, [])).newAuthority, false)
  t.equal(readFileSync(made.authorityFile, 'utf8'), authority)
})

t.test('a certificate that is damaged or does not match its key is made again', async t => {
  const folder = join(t.testdir(), 'certificates')
  const first = await developmentCertificate(folder, [])
  for (const name of ['development.pem', 'development-ca.pem']) {
    const file = join(folder, name)
    const text = readFileSync(file, 'utf8')
    const stranger = await makeAuthority(['localhost'], 'stranger')
    for (const damaged of [
      text.replace(/(CERTIFICATE-----\n)[^-]{40}/, '$1AAAA'),
      text.replace(/(PRIVATE KEY-----\n)[^-]{20}/, '$1AAAA'),
      text.replace(/-----BEGIN PRIVATE KEY[^]+/, stranger.key)
    ]) {
      writeFileSync(file, damaged)
      const made = await developmentCertificate(folder, [])
      t.ok(new X509Certificate(made.cert).checkPrivateKey(createPrivateKey(made.key)), name)
      t.equal(made.newAuthority, name === 'development-ca.pem')
      t.not(made.cert, first.cert)
      t.equal((await developmentCertificate(folder, [])).cert, made.cert, 'once')
    }
  }
})

t.test('a certificate that was made while the clock was ahead is made again', async t => {
  const folder = join(t.testdir(), 'certificates')
  const { now } = Date
  t.teardown(() => { Date.now = now })
  Date.now = () => now() + 60 * 86_400_000
  await developmentCertificate(folder, [])
  Date.now = now
  const made = await developmentCertificate(folder, [])
  t.ok(Date.parse(new X509Certificate(made.cert).validFrom) < now())
  t.ok(Date.parse(new X509Certificate(readFileSync(made.authorityFile)).validFrom) < now())
  t.ok(made.newAuthority)
})

t.test('two processes that start at once end with one authority', async t => {
  const folder = join(t.testdir(), 'certificates')
  const all = await Promise.all(Array.from({ length: 8 }, () => developmentCertificate(folder, ['reverseproxy.com'])))
  const authority = new X509Certificate(readFileSync(join(folder, 'development-ca.crt')))
  for (const { cert } of all) t.ok(new X509Certificate(cert).verify(authority.publicKey))
  t.same(readdirSync(folder).sort(), ['development-ca.crt', 'development-ca.pem', 'development.pem'], 'and leave nothing else')
})

t.test('two processes that start at once for different hosts get no certificate outside the name constraints of its authority', async t => {
  const folder = join(t.testdir(), 'certificates')
  const hosts = ['one.reverseproxy.com', 'two.reverseproxy.com']
  const all = await Promise.all(hosts.map(host => developmentCertificate(folder, [host])))
  const ca = readFileSync(join(folder, 'development-ca.crt'))
  const ofIt = hosts.filter((_, index) => new X509Certificate(all[index]!.cert).verify(new X509Certificate(ca).publicKey))
  t.not(ofIt.length, 0)
  for (const host of ofIt) {
    const server = createServer(all[hosts.indexOf(host)]!).listen(0, '127.0.0.1')
    t.teardown(() => server.close())
    server.on('tlsClientError', () => {})
    await once(server, 'listening')
    const socket = connect({ port: (server.address() as { port: number }).port, host: '127.0.0.1', servername: host, ca })
    t.teardown(() => socket.destroy())
    const outcome = await Promise.race([once(socket, 'secureConnect').then(() => 'trusted'), new Promise<string>(resolve => socket.once('error', error => resolve(error.message)))])
    t.equal(outcome, 'trusted', host)
  }
})

t.test('its authority is not accepted for any other site', async t => {
  const authority = await makeAuthority(['localhost', 'reverseproxy.com'], 'authority of this test')
  const verdict = async (host: string) => {
    const pair = await makeCertificate(authority, ['localhost', host])
    const server = createServer(pair).listen(0, '127.0.0.1')
    server.on('tlsClientError', () => {})
    t.teardown(() => server.close())
    await once(server, 'listening')
    const socket = connect({ port: (server.address() as { port: number }).port, host: '127.0.0.1', servername: /^[\d.]+$/.test(host) ? '' : host, ca: authority.cert, checkServerIdentity: () => undefined })
    t.teardown(() => socket.destroy())
    const outcome = await Promise.race([once(socket, 'secureConnect').then(() => 'trusted'), new Promise<string>(resolve => socket.once('error', (error: any) => resolve(error.message)))])
    socket.destroy()
    return outcome
  }
  t.equal(await verdict('localhost'), 'trusted')
  t.equal(await verdict('sub.reverseproxy.com'), 'trusted')
  t.equal(await verdict('127.0.0.1'), 'trusted')
  t.equal(await verdict('example.com'), 'permitted subtree violation')
  t.equal(await verdict('10.0.0.1'), 'permitted subtree violation')
})

t.test('the hosts may include addresses: the certificate is trusted at each, and a further address makes a new authority', async t => {
  const folder = t.testdir()
  const addresses = ['192.0.2.7', '2001:db8::7', '::ffff:192.0.2.8']
  const made = await developmentCertificate(folder, ['reverseproxy.com', ...addresses])
  const server = createServer(made).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  for (const host of ['reverseproxy.com', 'localhost', '127.0.0.1', '::1', ...addresses]) {
    const { port } = server.address() as { port: number }
    const socket = connect({ port, host: '127.0.0.1', ca: readFileSync(made.authorityFile), checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate) })
    t.teardown(() => socket.destroy())
    await once(socket, 'secureConnect')
    t.equal(socket.authorized, true, host)
    socket.destroy()
  }
  const again = await developmentCertificate(folder, ['2001:DB8:0:0::7', '127.0.0.2'])
  t.equal(again.newAuthority, false)
  for (const address of ['192.0.2.9', '2001:db8::8']) t.equal((await developmentCertificate(folder, [address])).newAuthority, true, address)
})

t.test('its default hosts are those of fastify.sites', async t => {
  const app = await build(t, { certificate: 'development', listeners: [{ port: 0, https: true }, { port: 0, name: 'second', https: { hosts: ['third.test'] } }] })
  app.decorate('sites' as never, [{ bindings: [{ host: 'one.test' }, { host: '*' }] }, { bindings: [{ host: '*.two.test' }] }] as never)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const socket = await handshake(t, portOf(app, 'https'), 'one.test')
  t.equal(socket.getPeerCertificate().subjectaltname, 'DNS:localhost, DNS:one.test, DNS:*.two.test, DNS:third.test, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1')
})

t.test('a folder that cannot be created is an error', async t => {
  const folder = join(t.testdir({ file: '' }), 'file', 'certificates')
  const app = await build(t, { certificate: 'development', development: { folder }, listeners: [{ port: 0, https: true }] })
  await t.rejects(app.listen({ port: 0, host: '127.0.0.1' }), { code: 'FST_ARR_LISTENERS_CERTIFICATE', message: /^Listener 'https port 0': the development certificate cannot be kept in .*certificates: E/ })
})

t.test('howToTrust has instructions for each system', t => {
  t.match(howToTrust('certificates/development-ca.crt', 'win32'), 'certutil -user -addstore Root certificates/development-ca.crt')
  t.match(howToTrust('a b.crt', 'darwin'), 'security add-trusted-cert -r trustRoot -p ssl -k ~/Library/Keychains/login.keychain-db "a b.crt"')
  t.match(howToTrust('ca.crt', 'linux'), 'npx @fastify-arr/listeners ca.crt')
  t.equal(howToTrust('ca.crt', 'freebsd'), howToTrust('ca.crt', 'linux'))
  for (const platform of ['win32', 'darwin', 'linux'] as const) t.match(howToTrust('ca.crt', platform), /Firefox/)
  t.end()
})

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'].find(existsSync)
const certutil = await run('certutil', ['--help']).then(() => true, error => error.code !== 'ENOENT')
const missing = [CHROMIUM === undefined && 'chromium', !certutil && "certutil (Debian's libnss3-tools)"].filter(Boolean)

t.test('Chromium shows no warning once arr-trust has run in an account that has no stores', { skip: missing.length > 0 && `not installed: ${missing.join(', ')}`, timeout: 90_000 }, async t => {
  const app = await start(t, { certificate: 'development', development: { folder: join(t.testdir({ home: {} }), 'certificates'), hosts: ['reverseproxy.com'] }, listeners: [{ port: 0, https: true }] })
  const home = join(t.testdirName, 'home')
  const { stdout } = await run(process.execPath, ['--import=tsx', '--conditions=@fastify-arr/source', join(import.meta.dirname, '..', 'src', 'trust', 'cli.ts'), app.listeners.authorityFile as string], { env: { ...process.env, HOME: home, XDG_DATA_HOME: '' } })
  t.match(stdout, /^Chromium, Chrome .* trusts it now/m)

  const { chromium } = await import('playwright-core')
  const launch = async (env: Record<string, string>) => {
    const browser = await chromium.launch({
      // Here and below, the time limit of the test is the only one.
      timeout: 0,
      executablePath: CHROMIUM as string,
      env: { ...process.env, ...env } as Record<string, string>,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP reverseproxy.com 127.0.0.1']
    })
    t.teardown(() => browser.close())
    const page = await browser.newPage()
    page.setDefaultTimeout(0)
    return page
  }
  const page = await launch({ HOME: home })
  for (const host of ['localhost', 'reverseproxy.com', '127.0.0.1']) {
    const response = await page.goto(`https://${host}:${portOf(app, 'https')}/`)
    t.match(await response?.json(), { version: '2.0', protocol: 'https' }, host)
    t.match(await response?.securityDetails(), { protocol: 'TLS 1.3' })
  }
  const stranger = await launch({ HOME: join(t.testdirName, 'stranger') })
  await t.rejects(stranger.goto(`https://localhost:${portOf(app, 'https')}/`), /ERR_CERT_AUTHORITY_INVALID/, 'and shows one without it')
})
