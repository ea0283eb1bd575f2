// Probes by https: under which name, and what certificate is taken.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createPlainServer } from 'node:http'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { generate } from 'selfsigned'
import t, { type Test } from 'tap'
import { WebSocketServer } from 'ws'
import type { TLSSocket } from 'node:tls'
import { firstProbe, listening } from './health-parts.ts'

const { private: key, cert } = await generate([{ name: 'commonName', value: 'chat.example' }], { keySize: 2048, extensions: [{ name: 'basicConstraints', cA: true }, { name: 'subjectAltName', altNames: [{ type: 2, value: 'chat.example' }] }] } as never)

/** A server with that certificate, and the names that it was asked under. */
async function secured (t: Test): Promise<{ port: number, names: unknown[] }> {
  const names: unknown[] = []
  const server = createServer({ key, cert }, (request, response) => {
    names.push((request.socket as TLSSocket).servername)
    response.end('well')
  })
  const wss = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => { wss.handleUpgrade(request, socket, head, () => {}) })
  return { port: await listening(t, server), names }
}

t.test('a certificate that nobody vouches for has failed, unless it need not be verified', async t => {
  const { port, names } = await secured(t)
  t.match(await firstProbe(t, { url: 'https://chat.example/' }, { port }), { succeeded: false, status: null, why: /^self-signed certificate.* \(DEPTH_ZERO_SELF_SIGNED_CERT\)$/ })
  t.same(names, [])
  t.match(await firstProbe(t, { url: 'https://chat.example/', rejectUnauthorized: false }, { port }), { succeeded: true, status: 200 })
  t.same(names, ['chat.example'], 'the name is that of the Host header')
  t.match(await firstProbe(t, { url: 'wss://chat.example/', webSocket: 'ping', rejectUnauthorized: false }, { port }), { succeeded: true, status: 101 })
})

t.test('an https port is asked for an https URL', async t => {
  const { port } = await secured(t)
  t.match(await firstProbe(t, { url: 'https://chat.example/', rejectUnauthorized: false }, { httpPort: 1, httpsPort: port }), { succeeded: true })
})

t.test('http on the port of an https probe has failed', async t => {
  const port = await listening(t, createPlainServer())
  t.match(await firstProbe(t, { url: 'https://chat.example/' }, { port }), { succeeded: false, status: null, why: /^no TLS: (?:wrong version number|packet length too long)$/ })
})

t.test('a certificate is verified for the host of the URL, not for the address', async t => {
  const { port } = await secured(t)
  const folder = await mkdtemp(join(tmpdir(), 'arr-health-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'authority.pem')
  await writeFile(file, cert)
  // What a process trusts is read when it starts.
  const args = ['--import=tsx', '--conditions=@fastify-arr/source', fileURLToPath(new URL('fixtures/probe-once.ts', import.meta.url)), String(port)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, NODE_EXTRA_CA_CERTS: file } })
  t.match(JSON.parse(stdout), [
    { succeeded: true, status: 200 },
    { succeeded: false, status: null, why: /^Hostname\/IP does not match certificate's altnames/ },
    { succeeded: false, status: null, why: /^Hostname\/IP does not match certificate's altnames: IP: 127\.0\.0\.1/ }
  ])
})
