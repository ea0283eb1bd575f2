// Which certificate a client gets, and what happens when it changes.
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import files from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { connect, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { generate } from 'selfsigned'
import t from 'tap'
import { makeAuthority, makeCertificate, type KeyPair } from '../src/certificates/authority.ts'
import { openCertificates } from '../src/certificates/certificate-source.ts'
import type { ListenerPlan } from '../src/plan/plan.ts'
import { build, handshake, portOf, start, until, type Test } from './server.ts'

const run = promisify(execFile)
const authority = await makeAuthority(['test'], 'authority of this test')
const one = await makeCertificate(authority, ['one.test'])
const wild = await makeCertificate(authority, ['*.wild.test'])
const exact = await makeCertificate(authority, ['exact.wild.test'])

const nameOf = (socket: TLSSocket): string | undefined => socket.getPeerCertificate().subjectaltname

/** Calls back with each file that has been read to its end. */
function onRead (t: Test, heard: (file: string) => void): void {
  const { readFile } = files
  t.teardown(() => {
    files.readFile = readFile
    syncBuiltinESMExports()
  })
  files.readFile = (async (file: string, ...more: []) => {
    const bytes = await readFile(file, ...more)
    heard(file)
    return bytes
  }) as typeof readFile
  syncBuiltinESMExports()
}

/** A socket that sends one request and returns the status line. */
async function ask (socket: TLSSocket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nHost: one.test\r\n\r\n')
  const [chunk] = await once(socket, 'data')
  return String(chunk).split('\r\n')[0] as string
}

t.test('by SNI on one port: exact name, wildcard, first', async t => {
  const app = await start(t, { certificate: [one, wild, exact], listeners: [{ port: 0, https: true }] })
  const served = async (name: string) => nameOf(await handshake(t, portOf(app, 'https'), name))
  t.equal(await served('one.test'), 'DNS:one.test')
  t.equal(await served('ONE.test'), 'DNS:one.test')
  t.equal(await served('exact.wild.test'), 'DNS:exact.wild.test')
  t.equal(await served('other.wild.test'), 'DNS:*.wild.test')
  t.equal(await served('a.other.wild.test'), 'DNS:one.test', 'a wildcard stands for one label')
  t.equal(await served('unknown.test'), 'DNS:one.test')
  t.equal(await served(''), 'DNS:one.test', 'a client that sends no name')
})

t.test('each listener has certificates of its own', async t => {
  const app = await start(t, { certificate: one, listeners: [{ name: 'a', port: 0, https: true }, { name: 'b', port: 0, https: { certificate: exact, hosts: ['exact.wild.test'] } }] })
  const [a, b] = ['a', 'b'].map(name => app.listeners.addresses.find(address => address.name === name)?.port as number)
  t.equal(nameOf(await handshake(t, a as number, 'any')), 'DNS:one.test')
  t.equal(nameOf(await handshake(t, b as number, 'any')), 'DNS:exact.wild.test')
  const { validTo } = new X509Certificate(one.cert)
  t.match(app.listeners.certificates, [{ listener: 'a', names: ['one.test'], validTo: new Date(validTo) }, { listener: 'b', names: ['exact.wild.test'] }])
})

t.test('a certificate is replaced under fifty open connections without an effect on them', async t => {
  const folder = t.testdir()
  const [cert, key] = ['cert.pem', 'key.pem'].map(name => join(folder, name)) as [string, string]
  const write = (pair: KeyPair): void => {
    writeFileSync(cert, pair.cert)
    writeFileSync(key, pair.key)
  }
  write(one)
  const lines: string[] = []
  const app = await start(t, { certificate: { cert, key }, watchInterval: 30, listeners: [{ port: 0, https: true }] }, { logger: { stream: new Writable({ write (chunk, _encoding, done) { lines.push(String(chunk)); done() } }) } })
  const port = portOf(app, 'https')
  const sockets = await Promise.all(Array.from({ length: 50 }, () => handshake(t, port, 'one.test')))
  t.same(new Set(await Promise.all(sockets.map(ask))), new Set(['HTTP/1.1 200 OK']))

  writeFileSync(key, exact.key)
  await until(() => lines.some(line => line.includes('The old certificates stay')))
  t.equal(nameOf(await handshake(t, port, 'one.test')), 'DNS:one.test', 'a key that does not fit is not taken')

  write(exact)
  await until(async () => nameOf(await handshake(t, port, 'one.test')) === 'DNS:exact.wild.test')
  t.same(new Set(await Promise.all(sockets.map(ask))), new Set(['HTTP/1.1 200 OK']), 'the connections still serve')
  t.same(new Set(sockets.map(nameOf)), new Set(['DNS:one.test']))
  t.equal(nameOf(await handshake(t, port, '')), 'DNS:exact.wild.test', 'without SNI too')

  write(one)
  await app.listeners.reload()
  t.equal(nameOf(await handshake(t, port, 'one.test')), 'DNS:one.test', 'reload does it at once')
  t.match(app.listeners.certificates, [{ names: ['one.test'] }])
  writeFileSync(cert, 'nothing')
  await t.rejects(app.listeners.reload(), { code: 'FST_ARR_LISTENERS_CERTIFICATE', listener: 'https port 0' })
  t.equal(nameOf(await handshake(t, port, 'one.test')), 'DNS:one.test')
})

t.test('a chain that is half written when it is checked leaves the old one in use', async t => {
  const folder = t.testdir({ 'chain.pem': one.cert + authority.cert, 'key.pem': one.key })
  const [cert, key] = ['chain.pem', 'key.pem'].map(name => join(folder, name)) as [string, string]
  const lines: string[] = []
  const app = await start(t, { certificate: { cert, key }, watchInterval: 30, listeners: [{ port: 0, https: true }] }, { logger: { stream: new Writable({ write (chunk, _encoding, done) { lines.push(String(chunk)); done() } }) } })
  const half = authority.cert.slice(0, authority.cert.length / 2)
  writeFileSync(key, exact.key)
  writeFileSync(cert, exact.cert + half)
  await until(() => lines.some(line => line.includes('a certificate after it is damaged') && line.includes('The old certificates stay')))
  t.equal(nameOf(await handshake(t, portOf(app, 'https'), '')), 'DNS:one.test')
  await t.rejects(app.listeners.reload(), { code: 'FST_ARR_LISTENERS_CERTIFICATE', listener: 'https port 0' })

  writeFileSync(cert, exact.cert + authority.cert)
  await until(async () => nameOf(await handshake(t, portOf(app, 'https'), '')) === 'DNS:exact.wild.test')
  t.pass('the whole chain is taken')
})

t.test('a certificate that changes while the certificates are being read is loaded', async t => {
  const folder = t.testdir({ 'cert.pem': one.cert, 'key.pem': one.key })
  const [cert, key] = ['cert.pem', 'key.pem'].map(name => join(folder, name)) as [string, string]
  let taken = false
  const plan = { name: 'https', https: { certificates: [{ cert, key }, 'development'], hosts: [], tls: {} } } as unknown as ListenerPlan
  const read = new Set<string>()
  onRead(t, file => { read.add(file) })
  let isChanged = false
  const source = await openCertificates(plan, async () => {
    // Then the first pair is read, and the listener is not yet watching.
    await until(() => read.has(cert) && read.has(key))
    if (!isChanged) {
      writeFileSync(cert, exact.cert)
      writeFileSync(key, exact.key)
    }
    isChanged = true
    return { ...wild, authority: '' } as never
  }, 20, { info () { taken = true }, warn () {} } as never)
  t.teardown(source.close)
  t.same(source.store.list()[0]?.names, ['one.test'])
  await until(() => taken)
  t.same(source.store.list()[0]?.names, ['exact.wild.test'])
})

t.test('a load that finishes after a later one does not restore the old certificates', async t => {
  const folder = t.testdir({ 'both.pem': one.cert + one.key })
  const both = join(folder, 'both.pem')
  const plan = { name: 'https', https: { certificates: [{ cert: both, key: both }, 'development'], hosts: [], tls: {} } } as unknown as ListenerPlan
  let development = Promise.resolve({ ...wild, authority: '' } as never)
  const source = await openCertificates(plan, async () => await development, 0, { info () {}, warn () {} })
  t.teardown(source.close)
  const made = development
  let times = 0
  onRead(t, file => { if (file === both) times++ })
  let goOn = (): void => {}
  development = new Promise(resolve => { goOn = () => { resolve(made) } })
  const overtaken = source.reload()
  await until(() => times >= 2)
  writeFileSync(both, exact.cert + exact.key)
  development = made
  await source.reload()
  t.same(source.store.list()[0]?.names, ['exact.wild.test'])
  goOn()
  await overtaken
  t.same(source.store.list()[0]?.names, ['exact.wild.test'])
})

t.test('a certificate that cannot be read does not keep another listener from its new one', async t => {
  const folder = t.testdir({ 'a.pem': one.cert + one.key, 'b.pem': one.cert + one.key })
  const [a, b] = ['a.pem', 'b.pem'].map(name => join(folder, name)) as [string, string]
  const app = await start(t, { watchInterval: 0, listeners: [{ name: 'a', port: 0, https: { certificate: { cert: a, key: a } } }, { name: 'b', port: 0, https: { certificate: { cert: b, key: b } } }] })
  writeFileSync(a, 'nothing')
  writeFileSync(b, exact.cert + exact.key)
  await t.rejects(app.listeners.reload(), { code: 'FST_ARR_LISTENERS_CERTIFICATE', listener: 'a' })
  const served = async (name: string) => nameOf(await handshake(t, app.listeners.addresses.find(address => address.name === name)?.port as number, ''))
  t.equal(await served('a'), 'DNS:one.test')
  t.equal(await served('b'), 'DNS:exact.wild.test')
})

t.test('a host that must have a certificate is compared without regard to case', async t => {
  const app = await start(t, { certificate: wild, listeners: [{ port: 0, https: { hosts: ['A.Wild.Test'] } }] })
  t.equal(nameOf(await handshake(t, portOf(app, 'https'), 'a.wild.test')), 'DNS:*.wild.test')
})

t.test('a host that must have a certificate does not lose it when files change', async t => {
  const folder = t.testdir({ 'both.pem': one.cert + one.key })
  const both = join(folder, 'both.pem')
  const app = await start(t, { certificate: { cert: both, key: both }, watchInterval: 0, listeners: [{ port: 0, https: { hosts: ['one.test'] } }] })
  writeFileSync(both, exact.cert + exact.key)
  await t.rejects(app.listeners.reload(), { code: 'FST_ARR_LISTENERS_CERTIFICATE', message: /no certificate is for one\.test/ })
  t.equal(nameOf(await handshake(t, portOf(app, 'https'), 'one.test')), 'DNS:one.test')
})

t.test('a certificate that expires within 30 days is logged, and served', async t => {
  const lines: string[] = []
  const soon = await makeCertificate(authority, ['soon.test'], 10)
  const app = await start(t, { certificate: [one, soon], listeners: [{ port: 0, https: true }] }, { logger: { level: 'warn', stream: new Writable({ write (chunk, _encoding, done) { lines.push(String(chunk)); done() } }) } })
  t.equal(lines.length, 1)
  t.match(JSON.parse(lines[0] as string), { listener: 'https port 0', certificate: 'soon.test', msg: /^The certificate soon\.test of listener 'https port 0' ends in 9 days, on \d{4}-\d\d-\d\d$/ })
  t.equal(nameOf(await handshake(t, portOf(app, 'https'), 'soon.test')), 'DNS:soon.test')
})

t.test('a PFX, as Windows exports it', { skip: spawnSync('openssl', ['version']).status !== 0 && 'openssl is not installed' }, async t => {
  const folder = t.testdir({ 'cert.pem': one.cert, 'key.pem': one.key })
  await run('openssl', ['pkcs12', '-export', '-in', join(folder, 'cert.pem'), '-inkey', join(folder, 'key.pem'), '-passout', 'pass:secret', '-out', join(folder, 'one.pfx')])
  const app = await start(t, { certificate: { pfx: join(folder, 'one.pfx'), passphrase: 'secret' }, listeners: [{ port: 0, https: { hosts: ['one.test'] } }] })
  t.equal(nameOf(await handshake(t, portOf(app, 'https'), 'one.test')), 'DNS:one.test')
  const wrong = await build(t, { certificate: { pfx: join(folder, 'one.pfx'), passphrase: 'other' }, listeners: [{ port: 0, https: true }] })
  await t.rejects(wrong.listen({ port: 0 }), { message: "Listener 'https port 0': certificate number 1 is no PFX, or not with this passphrase." })
})

t.test('mistakes in certificates are one error at start that names the listener', async t => {
  const failure = async (certificate: object, more: object = {}) => {
    const app = await build(t, { certificate: certificate as never, listeners: [{ port: 0, label: 'HTTPS_PORT', https: more }] })
    const error = await app.listen({ port: 0, host: '127.0.0.1' }).then(() => null, error => error)
    t.match(error, { code: 'FST_ARR_LISTENERS_CERTIFICATE', listener: 'https port 0', label: 'HTTPS_PORT' })
    t.equal(app.server.listening, false, 'the server does not listen either')
    return error?.message.replace("Listener 'https port 0' (HTTPS_PORT): ", '')
  }
  t.equal(await failure({ cert: one.cert, key: exact.key }), 'certificate number 1 has a key that belongs to another certificate.')
  t.equal(await failure({ cert: '-----BEGIN CERTIFICATE-----', key: one.key }), 'certificate number 1 is no certificate in PEM.')
  t.equal(await failure({ cert: one.cert, key: one.cert }), 'certificate number 1 has a key that is no private key in PEM, or not with this passphrase.')
  t.match(await failure({ cert: join('no', 'such.pem'), key: one.key }), /^certificate number 1 cannot be read from no.such\.pem: ENOENT\.$/)
  const unfit = 'certificate number 1 cannot be served: a certificate after it is damaged, or it does not go with the tls options.'
  t.equal(await failure({ cert: one.cert + authority.cert.slice(0, authority.cert.length / 2), key: one.key }), unfit)
  const { private: weakKey, cert: weak } = await generate([{ name: 'commonName', value: 'weak' }], { keySize: 2048, algorithm: 'sha256' })
  t.equal(await failure({ cert: weak, key: weakKey }, { tls: { ciphers: 'ECDHE+AESGCM:@SECLEVEL=3' } }), unfit)
  t.equal(await failure(one, { hosts: ['one.test', 'two.test'] }), 'no certificate is for two.test.')
})

t.test('a client certificate can be requested', async t => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'client' }], { algorithm: 'sha256' })
  const app = await build(t, { certificate: [wild, one], listeners: [{ port: 0, https: { requestCert: true, rejectUnauthorized: false, ca: cert } }] })
  app.get('/who', async request => ({ authorized: (request.raw.socket as TLSSocket).authorized }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const who = async (more: object) => {
    const socket = await handshake(t, portOf(app, 'https'), 'one.test', more)
    socket.write('GET /who HTTP/1.1\r\nHost: one.test\r\nConnection: close\r\n\r\n')
    let text = ''
    for await (const chunk of socket) text += chunk
    return /\{.*\}/.exec(text)?.[0]
  }
  t.equal(await who({}), '{"authorized":false}')
  t.equal(await who({ cert, key }), '{"authorized":true}')
})

t.test('TLS 1.1 and ciphers without forward secrecy are refused', async t => {
  const app = await start(t, { certificate: one, listeners: [{ port: 0, https: true }] })
  const port = portOf(app, 'https')
  const refused = async (more: object) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...more })
    const [error] = await once(socket, 'error')
    return error.code
  }
  t.match(await refused({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }), /PROTOCOL_VERSION$/)
  t.match(await refused({ maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }), /HANDSHAKE_FAILURE$/)
  t.equal((await handshake(t, port, 'one.test')).getProtocol(), 'TLSv1.3')
  t.equal((await handshake(t, port, 'one.test', { maxVersion: 'TLSv1.2' })).getCipher().name, 'ECDHE-ECDSA-AES128-GCM-SHA256')
})
