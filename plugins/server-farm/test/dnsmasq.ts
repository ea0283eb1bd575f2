// A real DNS server: Debian's dnsmasq. Where there is none a test is skipped by name, except in CI.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'

// Debian has it where only root looks.
const env = { ...process.env, PATH: `${process.env.PATH}${delimiter}/usr/sbin` }

/** What `t.test` takes as its `skip`: false, or the reason. */
export const withoutDnsmasq: false | string = process.env.CI === 'true' || spawnSync('dnsmasq', ['--version'], { env }).error === undefined
  ? false
  : 'dnsmasq is not installed'

export interface Dnsmasq {
  /** `127.0.0.1:port`. */
  readonly address: string
  readonly process: () => ChildProcess
  /** Changes the addresses, each a line such as `127.0.0.2 chat.test`. */
  hosts (...lines: string[]): Promise<void>
  /** Starts it anew, with other options. */
  restart (...options: string[]): Promise<void>
  /** Resolves when a line of its log that has come since the last call contains the text, so many times. */
  logged (text: string, times?: number): Promise<void>
}

/** A server for the names below `test`, with these options besides. */
export async function dnsmasq (t: Test, ...options: string[]): Promise<Dnsmasq> {
  const folder = await mkdtemp(join(tmpdir(), 'arr-dns-'))
  const file = join(folder, 'hosts')
  await writeFile(file, '')
  let port = await freePort()
  let child: ChildProcess
  let lines: string[] = []
  let told = (): void => {}

  const logged = async (text: string, times = 1): Promise<void> => {
    for (;;) {
      const found = lines.filter(line => line.includes(text))
      if (found.length >= times) break
      await new Promise<void>(resolve => { told = resolve })
    }
    lines = []
  }
  const start = async (more: string[]): Promise<void> => {
    const settings = ['--no-daemon', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--local=/test/', '--log-queries', `--user=${userInfo().username}`,
      `--port=${port}`, '--listen-address=127.0.0.1', '--bind-interfaces', '--pid-file=', `--addn-hosts=${file}`]
    child = spawn('dnsmasq', [...settings, ...more], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', line => {
      lines.push(line)
      told()
    })
    const ended = once(child, 'exit').then(() => { throw new Error(`dnsmasq has ended: ${lines.join(' ')}`) })
    await Promise.race([logged(`read ${file}`), ended])
    ended.catch(() => {})
  }
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  for (let attempts = 1; ; attempts++) {
    try {
      await start(options)
      break
    } catch (error) {
      // The port was free for UDP, and it has to be for TCP as well.
      if (attempts === 5) throw error
      port = await freePort()
    }
  }
  t.teardown(async () => {
    await stop()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    address: `127.0.0.1:${port}`,
    process: () => child,
    async hosts (...addresses) {
      await writeFile(file, addresses.join('\n') + '\n')
      lines = []
      child.kill('SIGHUP')
      await logged(`read ${file}`)
    },
    async restart (...more) {
      await stop()
      lines = []
      await start(more)
    },
    logged
  }
}

async function freePort (): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  return port
}
