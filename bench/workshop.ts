// What does a run need before it can begin? A folder of its own, the compiled load, certificates, a backend.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accepting, freePort, LOAD_CORE, type Running, start, which } from './processes.ts'

/** The tools of one run. A null tool is absent, and `absent` says why. */
export interface Workshop {
  readonly folder: string
  /** The port of the backend, or null where it could not be compiled. */
  readonly backend: { readonly port: number, readonly running: Running } | null
  readonly webSocketLoad: string | null
  readonly httpLoad: string | null
  /** PEM files, or null without OpenSSL. */
  readonly certificates: { readonly key: string, readonly certificate: string, readonly both: string } | null
  /** Whether the WebSocket load speaks TLS. */
  readonly loadSpeaksTls: boolean
  readonly absent: readonly string[]
}

const SOURCES = join(import.meta.dirname, 'load')

/** Prepares a run. What it starts and writes is ended by `stopAll` and removed by `tidy`. */
export async function prepare (): Promise<Workshop> {
  const folder = mkdtempSync(join(tmpdir(), 'fastify-arr-bench-'))
  const absent: string[] = []
  const compiler = which('g++') ?? which('clang++') ?? which('c++')
  if (compiler === null) absent.push('a C++ compiler: no backend and no WebSocket load')
  const build = (source: string, name: string, extra: readonly string[] = []): string | null => {
    if (compiler === null) return null
    const path = join(folder, name)
    try {
      execFileSync(compiler, ['-O2', '-std=c++20', '-o', path, join(SOURCES, source), ...extra], { stdio: ['ignore', 'ignore', 'pipe'] })
      return path
    } catch {
      return null
    }
  }
  const backendProgram = build('backend.cpp', 'backend')
  const withTls = build('ws.cpp', 'ws', ['-DTLS', '-lssl', '-lcrypto'])
  if (withTls === null) absent.push('OpenSSL\'s headers (libssl-dev): no WebSockets over TLS')
  const httpLoad = which('wrk')
  if (httpLoad === null) absent.push('wrk: no HTTP load')

  let backend = null
  if (backendProgram !== null) {
    const port = await freePort()
    const running = start(LOAD_CORE, backendProgram, [String(port)])
    await accepting(port, running)
    backend = { port, running }
  }
  const certificates = makeCertificates(folder)
  if (certificates === null) absent.push('openssl: no TLS')
  return { folder, backend, webSocketLoad: withTls ?? build('ws.cpp', 'ws'), httpLoad, certificates, loadSpeaksTls: withTls !== null, absent }
}

/** Removes what a run wrote. */
export function tidy (folder: string): void {
  if (existsSync(folder)) rmSync(folder, { recursive: true, force: true })
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
