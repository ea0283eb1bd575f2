// A supervisor with its workers, as processes of their own, and what they tell.
import { fork, type ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Reloaded, Status, SuperviseOptions } from '../src/index.ts'
import type { Version } from './worker.ts'

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export interface Site {
  readonly process: ChildProcess
  readonly port: number
  readonly url: string
  readonly exit: Promise<{ code: number | null, signal: string | null }>
  readonly logged: Array<{ readonly log: string, readonly about: Record<string, unknown> }>
  /** Resolves with the first line of the log, of now or later, that matches. */
  readonly logs: (pattern: RegExp) => Promise<Record<string, unknown>>
  readonly write: (version: Version) => void
  /** Whether the server of the worker with this process has closed in order. */
  readonly hasClosed: (pid: number) => boolean
  /** Whether the worker with this process no longer hangs. */
  readonly hasStopped: (pid: number) => boolean
  readonly started: () => Promise<boolean>
  readonly reload: () => Promise<Reloaded>
  readonly status: () => Promise<Status>
  readonly stderr: () => string
  /** `drainAfter` is over for all that leave, where it is DRAIN_AFTER. */
  readonly drain: () => Promise<void>
}

/** A `drainAfter` that is over when the test says so, ms. */
export const DRAIN_AFTER = 1_234_567_890

/** Starts it; `upstream` is the port that its tunnels lead to. */
export async function startSite (t: Test, version: Version, options: Partial<SuperviseOptions> = {}, upstream = 0): Promise<Site> {
  const file = join(t.testdir({}), 'version.json')
  const write = (version: Version): void => { writeFileSync(file, JSON.stringify(version)) }
  write(version)
  const port = await freePort()
  const execArgv = ['--import=tsx', '--conditions=@fastify-arr/source']
  const supervised: Partial<SuperviseOptions> = { exec: here('worker.ts'), args: [file, String(port), String(upstream)], workers: 2, control: false, readyTimeout: 60_000, ...options }
  const child = fork(here('supervisor.ts'), [JSON.stringify(supervised)], { execArgv, stdio: ['ignore', 'inherit', 'pipe', 'ipc'], env: { ...process.env, NODE_OPTIONS: '' } })
  const exit = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => { stderr += String(chunk) })
  const logged: Array<{ log: string, about: Record<string, unknown> }> = []
  const events = new EventEmitter().setMaxListeners(0)
  let next = 0
  child.on('message', (message: { id?: number, answer?: unknown, log?: string, about?: Record<string, unknown> }) => {
    if (message.log !== undefined) logged.push({ log: message.log, about: message.about ?? {} })
    events.emit(message.log === undefined ? `answer ${message.id}` : 'log', message.answer)
  })
  const ask = async (word: string): Promise<never> => {
    const id = next++
    child.send({ id, word })
    const [answer] = await Promise.race([once(events, `answer ${id}`), exit.then(() => { throw new Error(`it ended: ${stderr}`) })])
    return answer as never
  }
  t.teardown(async () => {
    const workers = child.connected ? await (ask('status') as Promise<Status>).then(({ generations }) => generations.flatMap(({ workers }) => workers), () => []) : []
    child.kill('SIGKILL')
    await exit
    // They would close in order, and write into a folder that is being removed.
    for (const { pid } of workers) if (isThere(pid)) process.kill(pid, 'SIGKILL')
    while (workers.some(({ pid }) => isThere(pid))) await new Promise(resolve => setTimeout(resolve, 10))
  })
  return {
    process: child,
    port,
    url: `http://127.0.0.1:${port}`,
    exit,
    logged,
    async logs (pattern) {
      for (;;) {
        const found = logged.find(({ log }) => pattern.test(log))
        if (found !== undefined) return found.about
        const ended = await Promise.race([once(events, 'log'), exit.then(() => null)])
        if (ended === null && !logged.some(({ log }) => pattern.test(log))) throw new Error(`it ended without ${pattern}: ${JSON.stringify(logged)} ${stderr}`)
      }
    },
    write,
    hasClosed: pid => existsSync(`${file}.closed.${pid}`),
    hasStopped: pid => existsSync(`${file}.stopped.${pid}`),
    started: () => ask('started'),
    reload: () => ask('reload'),
    status: () => ask('status'),
    stderr: () => stderr,
    drain: () => ask('drain')
  }
}

/** Opens a connection that stays, and tells which worker has it. */
export async function longConnection (t: Test, port: number): Promise<{ socket: Socket, pid: number }> {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  let text = ''
  while (!text.includes('}')) text += String((await once(socket, 'data'))[0])
  return { socket, pid: JSON.parse(text.slice(text.indexOf('{'))).pid }
}

/** Free a moment ago: workers of different supervisors must not share it. */
export async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Whether a process is there. */
export function isThere (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
