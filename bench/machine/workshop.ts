// What does a run need before it can begin? A folder of its own, the compiled load, certificates, a backend.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { accepting, freePort, LOAD_CORE, PROXY_CORE, type Running, start, which } from './processes.ts'

/** The probe: writes the speed of the proxies' core into the file at `path` while it is not paused. */
export interface Probe {
  readonly path: string
  readonly pause: () => void
  readonly resume: () => void
}

/** The tools of one run. A null tool is absent, and `absent` says why. */
export interface Workshop {
  readonly folder: string
  /** The port of the backend, or null where it could not be compiled. */
  readonly backend: { readonly program: string, readonly port: number, readonly running: Running } | null
  /** Null where it could not be compiled. */
  readonly probe: Probe | null
  readonly webSocketLoad: string | null
  /** Thousands of handshakes at once. */
  readonly stormLoad: string | null
  /** Work at fixed times. */
  readonly tailLoad: string | null
  readonly httpLoad: string | null
  /** PEM files, or null without OpenSSL. */
  readonly certificates: { readonly key: string, readonly certificate: string, readonly both: string } | null
  /** Whether the WebSocket load speaks TLS. */
  readonly loadSpeaksTls: boolean
  readonly absent: readonly string[]
}

const CACHE = join(import.meta.dirname, '..', 'node_modules', '.cache')
const SOURCES = join(import.meta.dirname, '..', 'load')

/** Prepares a run in a folder of its own. `stopAll` ends the processes that it starts. */
export async function prepare (folder: string): Promise<Workshop> {
  const absent: string[] = []
  const compiler = which('g++') ?? which('clang++') ?? which('c++')
  if (compiler === null) absent.push('a C++ compiler: no backend and no WebSocket load')
  const build = (source: string, extra: readonly string[] = []) => compiler === null ? null : compile(compiler, source, extra)
  const backendProgram = await build('backend.cpp')
  const TLS = ['-DTLS', '-lssl', '-lcrypto']
  const withTls = await build('ws.cpp', TLS)
  if (withTls === null) absent.push('OpenSSL\'s headers (libssl-dev): no WebSockets over TLS')
  const webSocketLoad = withTls ?? await build('ws.cpp')
  const stormLoad = await build('storm.cpp', TLS) ?? await build('storm.cpp')
  const tailLoad = await build('tail.cpp')
  const httpLoad = which('wrk')
  if (httpLoad === null) absent.push('wrk: no HTTP load')

  let backend = null
  if (backendProgram !== null) {
    const port = await freePort()
    const running = start(LOAD_CORE, backendProgram, [String(port)])
    await accepting(port, running)
    backend = { program: backendProgram, port, running }
  }
  const probeProgram = await build('probe.cpp')
  const probe = probeProgram === null ? null : await startProbe(probeProgram, join(folder, 'probe'))
  const certificates = makeCertificates(folder)
  if (certificates === null) absent.push('openssl: no TLS')
  return { folder, backend, probe, webSocketLoad, stormLoad, tailLoad, httpLoad, certificates, loadSpeaksTls: withTls !== null, absent }
}

async function startProbe (program: string, path: string): Promise<Probe> {
  const { process } = start(PROXY_CORE, program, [path])
  // Long enough for one undisturbed piece.
  await sleep(2000)
  return { path, pause: () => { process.kill('SIGSTOP') }, resume: () => { process.kill('SIGCONT') } }
}

/** Compiles once for each state of the sources. Null where it does not compile. */
async function compile (compiler: string, source: string, extra: readonly string[]): Promise<string | null> {
  const hash = createHash('sha256').update(compiler).update(extra.join())
  for (const name of ['wire.h', 'stream.h', source]) hash.update(readFileSync(join(SOURCES, name)))
  const path = join(CACHE, `${source}-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(path)) return path
  mkdirSync(CACHE, { recursive: true })
  const made = `${path}-${process.pid}`
  const running = start(LOAD_CORE, compiler, ['-O2', '-std=c++20', '-o', made, join(SOURCES, source), ...extra])
  await new Promise(resolve => running.process.once('close', resolve))
  if (running.process.exitCode !== 0) return null
  // Another run may compile at the same time: each writes a file of its own, and the last rename wins.
  renameSync(made, path)
  return path
}

function makeCertificates (folder: string): Workshop['certificates'] {
  const openssl = which('openssl')
  if (openssl === null) return null
  const key = join(folder, 'key.pem')
  const certificate = join(folder, 'certificate.pem')
  const both = join(folder, 'both.pem')
  execFileSync(openssl, [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', '/CN=reverseproxy.com', '-addext', 'subjectAltName=DNS:reverseproxy.com,DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', certificate
  ], { stdio: 'ignore' })
  writeFileSync(both, readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'), { mode: 0o600 })
  return { key, certificate, both }
}
