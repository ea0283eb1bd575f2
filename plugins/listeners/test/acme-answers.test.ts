// What of ACME needs no CA: its options, which names are asked for, and who answers for an open challenge.
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { request as secureRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import t from 'tap'
import { AcmeError } from '../src/acme/account.ts'
import { keptIn, openFolder } from '../src/acme/folder.ts'
import { createLocker } from '../src/acme/lock.ts'
import { whyNot } from '../src/acme/names.ts'
import { renewalOf, troubleAfter } from '../src/acme/when.ts'
import { makeAuthority, makeCertificate } from '../src/certificates/authority.ts'
import type { ListenersOptions } from '../src/index.ts'
import { build, portOf, until } from './server.ts'

t.setTimeout(240_000)

const TOKEN = 'a-token_of-the-CA-0123456789'
const MINUTE = 60_000

async function get (send: typeof request, port: number, path: string): Promise<string> {
  const outgoing = send({ port, host: '127.0.0.1', path, rejectUnauthorized: false, agent: false } as object).end()
  const [response] = await once(outgoing, 'response') as [IncomingMessage]
  return `${response.statusCode} ${await text(response)}`
}

t.test('plain http answers for the exact token of an open challenge; all else is the site\'s', async t => {
  const folder = t.testdir()
  const app = await build(t, { certificate: 'acme', acme: { directory: 'https://ca.site.net:14000/dir', email: 'admin@site.net', agreeToTerms: true, names: [], folder }, listeners: [{ port: 0 }, { port: 0, https: true }] })
  app.get('/.well-known/acme-challenge/*', async () => 'the site')
  const place = join(folder, 'ca.site.net_14000')
  mkdirSync(join(place, 'challenges'), { recursive: true })
  writeFileSync(join(place, 'challenges', TOKEN), 'the answer')
  writeFileSync(join(place, 'account.pem'), 'the key')
  await app.listen({ port: 0, host: '127.0.0.1' })
  const own = (app.server.address() as AddressInfo).port
  for (const port of [portOf(app, 'http'), own]) {
    t.equal(await get(request, port, `/.well-known/acme-challenge/${TOKEN}`), '200 the answer')
    for (const path of [`${TOKEN}x`, `${TOKEN}?a`, TOKEN.slice(0, -1), 'an-unknown-token-0123456789', '..%2Faccount.pem', '../account.pem', '..%5Caccount.pem']) t.not(await get(request, port, `/.well-known/acme-challenge/${path}`), '200 the answer', path)
    t.equal(await get(request, port, '/.well-known/acme-challenge/an-unknown-token-0123456789'), '200 the site')
    t.equal(await get(request, port, '/.well-known/acme-challenge/../account.pem'), '200 the site')
  }
  t.equal(await get(secureRequest as typeof request, portOf(app, 'https'), `/.well-known/acme-challenge/${TOKEN}`), '200 the site')
  const client = connect({ port: portOf(app, 'https'), host: '127.0.0.1', servername: 'one.site.net', ALPNProtocols: ['acme-tls/1'], rejectUnauthorized: false })
  const [error] = await once(client, 'error') as [NodeJS.ErrnoException]
  t.match(error.code, /NO_APPLICATION_PROTOCOL/, 'no challenge is open for the name')
  // Node's callback gets no name then, and what is thrown in it ends the process on older versions.
  const errors: Error[] = []
  app.server.on('tlsClientError', error => { errors.push(error) })
  const nameless = connect({ port: portOf(app, 'https'), host: '127.0.0.1', servername: '', ALPNProtocols: ['acme-tls/1'], rejectUnauthorized: false })
  t.match(((await once(nameless, 'error')) as [NodeJS.ErrnoException])[0].code, /NO_APPLICATION_PROTOCOL/, 'without a name there is no challenge')
  t.same(errors.filter(error => error instanceof TypeError), [])
  writeFileSync(join(place, 'challenges', 'two.site.net.alpn'), '-----BEGIN CERTIFICATE-----\ndamaged')
  const damaged = connect({ port: portOf(app, 'https'), host: '127.0.0.1', servername: 'two.site.net', ALPNProtocols: ['acme-tls/1'], rejectUnauthorized: false })
  t.match(((await once(damaged, 'error')) as [NodeJS.ErrnoException])[0].code, /NO_APPLICATION_PROTOCOL/, 'a damaged proof is none')
})

t.test('a certificate with a damaged chain is none: it would keep those of all other names from being loaded', async t => {
  const { cert, key } = await makeCertificate(await makeAuthority(['one.site.net'], 'authority of this test'), ['one.site.net'])
  t.match(keptIn(cert + key), { cert, key })
  t.equal(keptIn(`${cert}-----BEGIN CERTIFICATE-----\nZGFtYWdlZA==\n-----END CERTIFICATE-----\n${key}`), null)
})

t.test('troubles of names that nobody asks for are removed after a day, and one of a wrong clock is none', async t => {
  const parent = t.testdir()
  const folder = await openFolder(parent, 'https://ca.site.net/dir')
  const now = Date.now()
  for (const [name, nextTry] of [['old.site.net', now - 25 * 60 * MINUTE], ['new.site.net', now + MINUTE], ['far.site.net', now + 9 * 24 * 60 * MINUTE]] as const) await folder.setTrouble(name, { failures: 1, nextTry, error: 'why' })
  t.same([...(await folder.read())!.troubles.keys()], ['new.site.net', 'old.site.net'])
  await folder.tidy()
  t.same([...(await folder.read())!.troubles.keys()], ['new.site.net'])
})

t.test('mistakes in the options are told together, each by its name', async t => {
  const options = {
    certificate: 'acme',
    acme: { directory: 'http://ca', email: 'nobody', agreeToTerms: 'yes', names: ['*.site.net', '10.0.0.1', 'printer.local', 'single', 'good.site.net'], challenges: ['dns-01'], triesPerHour: 0, onDemand: { wait: -1, weight: 1 }, mail: 'a@b.net' },
    listeners: [{ port: 0, https: true }]
  } as unknown as ListenersOptions
  await t.rejects(build(t, options), {
    code: 'FST_ARR_LISTENERS_INVALID_OPTIONS',
    message: `listeners: ${[
      '`acme.mail` is no option; the nearest is `email`',
      '`acme.onDemand.weight` is no option; there are concurrent, perHour, wait',
      "`acme.directory` must be 'letsencrypt', 'letsencrypt-staging' or the https URL of a directory",
      '`acme.email` must be the mail address that the CA may write to',
      '`acme.agreeToTerms` must be true: the CA issues only to those who agree to its terms of service',
      "`acme.challenges` must be a list of 'http-01' and 'tls-alpn-01'",
      '`acme.triesPerHour` must be a whole number from 1 on',
      '`acme.onDemand.wait` must be a whole number from 1 on',
      "`acme.names[0]` '*.site.net' is a wildcard, which needs a challenge by DNS",
      "`acme.names[1]` '10.0.0.1' is an IP address",
      "`acme.names[2]` 'printer.local' is reserved for local use",
      "`acme.names[3]` 'single' is no full host name"
    ].join('; ')}`
  })
  await t.rejects(build(t, { certificate: 'acme', listeners: [{ port: 0, https: true }] }), { message: "listeners: `listeners[0].https.certificate` of 'https port 0' is 'acme', and the option `acme` is missing" })
})

t.test('no name that a CA cannot validate, or that leaves the folder, is asked for', async t => {
  for (const name of ['localhost', 'a.localhost', 'a.test', 'a.internal', 'a.example', 'a.invalid', 'a.onion', '1.in-addr.arpa', '::1', '1.2.3', '', '.', 'a..net', '../a.net', 'a/b.net', 'a\\b.net', '-a.net', `${'a'.repeat(64)}.net`, `${'a.'.repeat(100)}net`]) t.type(whyNot(name), 'string', name)
  for (const name of ['site.net', 'xn--bcher-kva.net', 'a-b.site.net']) t.equal(whyNot(name), null, name)
})

t.test('the pauses after failures grow up to a day, and are no shorter than the CA asks for', async t => {
  const first = troubleAfter(undefined, new Error('no'), 0)
  t.ok(first.nextTry >= 15 * MINUTE && first.nextTry <= 17 * MINUTE)
  const third = troubleAfter({ ...first, failures: 2 }, new Error('no'), 0)
  t.ok(third.nextTry >= 60 * MINUTE && third.nextTry <= 66 * MINUTE)
  t.ok(troubleAfter({ ...first, failures: 1000 }, new Error('no'), 0).nextTry <= 27 * 60 * MINUTE)
  t.equal(troubleAfter(undefined, new AcmeError('no', 'rateLimited', 5 * 60 * MINUTE), 0).nextTry, 5 * 60 * MINUTE)
  t.equal(troubleAfter(undefined, new AcmeError('no', 'rateLimited', 0), 0).nextTry, 60 * MINUTE)
  for (const serial of ['01', '02', '03']) {
    const at = renewalOf({ validFrom: 0, validTo: 90, serial })
    t.ok(at >= 60 && at <= 63, 'between a third and three tenths of the life left')
  }
})

t.test('a lock is one process\'s, and another\'s once it is not renewed', async t => {
  const file = join(t.testdir(), 'lock')
  const [one, two, three] = [createLocker(file, 60_000), createLocker(file, 60_000), createLocker(file, 100)] as const
  const held = await one()
  t.ok(held?.isHeld())
  t.equal(await two(), null)
  await held?.release()
  const next = await two()
  t.ok(next)
  // It is renewed every 15 seconds, and this one waits for a tenth of one.
  let taken: Awaited<ReturnType<typeof three>> = null
  await until(async () => (taken = await three()) !== null)
  await next?.release()
  t.equal(await one(), null, 'who has lost it does not release that of another')
  await (taken as unknown as { release (): Promise<void> }).release()
  const last = await one()
  t.ok(last)
  await last?.release()
})
