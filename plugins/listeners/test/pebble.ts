// A CA for the tests: Pebble of Let's Encrypt, with a DNS of its own. It looks for its challenges at ports that lead to whichever server the test names.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { makeAuthority, makeCertificate } from '../src/certificates/authority.ts'
import type { AcmeOptions } from '../src/index.ts'
import { until, type Test } from './server.ts'

/** Why these tests are skipped; false where Pebble is installed. */
export const withoutPebble = ['pebble', 'pebble-challtestsrv'].some(program => spawnSync(program, ['-h']).error !== undefined) && 'pebble is not installed'

/** A port of the CA's view that leads to a port of a server. */
export interface Lead {
  readonly port: number
  /** The port it leads to; null holds each connection and answers nothing. */
  to: number | null
  /** How many connections have come. */
  connections: number
}

export interface Pebble {
  /** Where the CA looks for HTTP-01, and for TLS-ALPN-01. */
  readonly http: Lead
  readonly tls: Lead
  /** The options that order from it. */
  readonly options: Pick<AcmeOptions, 'directory' | 'email' | 'agreeToTerms' | 'ca' | 'resolve'>
  /** How many orders it has had for a name. */
  orders (): number
  /** For the CA a name leads to this address. */
  point (host: string, address: string): Promise<void>
}

export async function startPebble (t: Test, folder: string): Promise<Pebble> {
  mkdirSync(folder, { recursive: true })
  const authority = await makeAuthority(['localhost'], 'authority of the directory')
  const own = await makeCertificate(authority, ['localhost', '127.0.0.1'])
  const [cert, key] = [join(folder, 'pebble.crt'), join(folder, 'pebble.key')]
  writeFileSync(cert, own.cert)
  writeFileSync(key, own.key)
  const [http, tls] = [await lead(t), await lead(t)]
  let log = ''
  for (;;) {
    const [directory, dns, management] = await Promise.all([freePort(), freePort(), freePort()]) as [number, number, number]
    const config = join(folder, 'pebble.json')
    writeFileSync(config, JSON.stringify({ pebble: { listenAddress: `127.0.0.1:${directory}`, certificate: cert, privateKey: key, httpPort: http.port, tlsPort: tls.port, ocspResponderURL: '', externalAccountBindingRequired: false } }))
    // A fifth of its good nonces is refused, and an authorization is never taken over from an older order.
    const pebble = run('pebble', ['-config', config, '-dnsserver', `127.0.0.1:${dns}`, '-strict', 'true'], { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '20', PEBBLE_AUTHZREUSE: '0' })
    const names = run('pebble-challtestsrv', ['-defaultIPv4', '127.0.0.1', '-defaultIPv6', '', '-dns01', `127.0.0.1:${dns}`, '-http01', '', '-https01', '', '-tlsalpn01', '', '-management', `127.0.0.1:${management}`], {})
    const stop = async (): Promise<void> => { for (const one of [pebble, names]) await end(one) }
    const hear = (chunk: Buffer): void => { log += String(chunk) }
    pebble.stdout?.on('data', hear)
    pebble.stderr?.on('data', hear)
    names.stdout?.resume()
    names.stderr?.resume()
    await until(async () => hasEnded(pebble) || hasEnded(names) || (await isOpen(directory) && await isOpen(management)))
    // Another program has taken a port in between.
    if (hasEnded(pebble) || hasEnded(names)) {
      await stop()
      continue
    }
    t.teardown(stop)
    return {
      http,
      tls,
      options: { directory: `https://127.0.0.1:${directory}/dir`, email: 'admin@site.net', agreeToTerms: true, ca: authority.cert, resolve: async () => ['127.0.0.1'] },
      orders: () => log.match(/Added order/g)?.length ?? 0,
      async point (host, address) {
        await fetch(`http://127.0.0.1:${management}/add-a`, { method: 'POST', body: JSON.stringify({ host: `${host}.`, addresses: [address] }) })
      }
    }
  }
}

function run (program: string, words: readonly string[], env: Record<string, string>): ChildProcess {
  return spawn(program, words, { env: { ...process.env, ...env } })
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null

/** Ends a process, and waits until it has. */
export async function end (child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

async function isOpen (port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return await new Promise(resolve => {
    socket.once('connect', () => { resolve(true) }).once('error', () => { resolve(false) })
  }).finally(() => socket.destroy()) as boolean
}

async function lead (t: Test): Promise<Lead> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    own.connections++
    sockets.add(socket)
    socket.on('error', () => {}).once('close', () => sockets.delete(socket))
    if (own.to === null) return
    const on = connect(own.to, '127.0.0.1')
    on.on('error', () => socket.destroy()).once('close', () => socket.destroy())
    socket.once('close', () => on.destroy())
    socket.pipe(on).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const own: Lead = { port: (server.address() as AddressInfo).port, to: null, connections: 0 }
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => server.close(resolve))
  })
  return own
}
