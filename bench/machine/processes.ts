// How is a process started on one core, how is its use measured, and how is it ended for certain?
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The first core of the proxy under test, and the core of everything else: the last one. */
export const PROXY_CORE = 0
export const LOAD_CORE = Math.max(1, availableParallelism() - 1)

/** Whether a proxy with so many workers leaves the load its core. */
export function leavesCore (workers: number): boolean {
  return workers <= LOAD_CORE
}

/** /proc counts CPU time in hundredths of a second on every Linux (USER_HZ). */
const TICK = 0.01

/** A child process with its error output, for the message when it fails. */
export interface Running {
  readonly process: ChildProcess
  readonly pid: number
  readonly errors: () => string
}

const alive = new Set<Running>()

/** The path of a program, or null where it is not installed. Looks in sbin as well, which is not on every user's PATH. */
export function which (program: string): string | null {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']) {
    const path = join(folder, program)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {}
  }
  return null
}

// The kernel ends the child with its parent: no process survives the benchmark, even when that is killed.
const withParent = which('setpriv') === null ? [] : ['setpriv', '--pdeathsig', 'TERM']

/** Starts a program on one core, or on several from that one on. */
export function start (core: number, command: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}, cores = 1): Running {
  const child = spawn('taskset', ['-c', cores === 1 ? String(core) : `${core}-${core + cores - 1}`, ...withParent, command, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...environment }
  })
  let errors = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => { if (errors.length < 4096) errors += text })
  child.stdin?.on('error', () => {})
  child.on('error', error => { errors += error.message })
  const running: Running = { process: child, pid: child.pid ?? -1, errors: () => errors.trim() }
  alive.add(running)
  child.once('exit', () => alive.delete(running))
  return running
}

/** Ends a process: SIGTERM, and after two seconds SIGKILL. */
export async function stop (running: Running): Promise<void> {
  const { process: child } = running
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  const family = treeOf(running.pid)
  child.kill('SIGTERM')
  const killer = setTimeout(() => {
    for (const pid of family) kill(pid)
  }, 2000)
  await ended
  clearTimeout(killer)
}

/** Ends everything that was started and still runs. Safe in an exit handler. */
export function stopAll (): void {
  for (const running of alive) {
    for (const pid of treeOf(running.pid)) kill(pid)
  }
}

function kill (pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {}
}

/** A process and its descendants. */
export function treeOf (root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid)) continue
    const parent = Number(statOf(pid)?.[1])
    const siblings = children.get(parent)
    if (siblings === undefined) children.set(parent, [pid])
    else siblings.push(pid)
  }
  const tree = [root]
  for (const pid of tree) tree.push(...children.get(pid) ?? [])
  return tree
}

/** CPU time that the processes have used, user and system, all threads, in seconds. */
export function cpuOf (pids: readonly number[]): number {
  let ticks = 0
  for (const pid of pids) {
    const fields = statOf(pid)
    if (fields !== null) ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks * TICK
}

/** CPU time that all processes together have used on a core, in seconds, and the time that the host took from it (steal). */
export function coreTime (core: number): number {
  const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? ''
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.trim().split(' ').map(Number)
  return (user + nice + system + irq + softirq + steal) * TICK
}

/** Resident memory of the processes together, in bytes. */
export function memoryOf (pids: readonly number[]): number {
  let kilobytes = 0
  for (const pid of pids) {
    try {
      kilobytes += Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
    } catch {}
  }
  return kilobytes * 1024
}

/** The fields of /proc/PID/stat from the third on: the second may contain spaces. */
function statOf (pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}

/** How many connections may wait at a port to be accepted; null where `ss` (iproute2) does not tell. */
export function backlogOf (port: number): number | null {
  const program = which('ss')
  if (program === null) return null
  const value = Number(saysOf(program, ['-ltnH', `sport = :${port}`]).trim().split(/\s+/)[2])
  return Number.isInteger(value) ? value : null
}

/** A port of the loopback that is free at this moment. */
export async function freePort (): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Waits until a connection to the port is accepted. Throws where the process ends before, or after ten seconds. */
export async function accepting (port: number, running: Running): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (running.process.exitCode !== null) break
    const open = await new Promise<boolean>(resolve => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => { socket.destroy(); resolve(true) })
      socket.once('error', () => resolve(false))
    })
    if (open) return
    await sleep(50)
  }
  throw new Error(`did not start: ${running.errors()}`)
}

/** The version that a program prints, on either output, for the list of versions. */
export function saysOf (command: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 })
  return `${stdout ?? ''}${stderr ?? ''}`
}
