// The site as a program: what `npm start` runs after the build, with its output, its signals and its exit.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { root } from './packages.ts'

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
const [, words = ''] = scripts.start!.split('&& fastify ')
const cli = join(root, 'node_modules', 'fastify-cli', 'cli.js')

export interface Program {
  readonly process: ChildProcess
  /** Its whole output so far. */
  readonly output: () => string
  /** Resolves with the first match in its output; rejects where it ends before. */
  readonly says: (pattern: RegExp) => Promise<RegExpExecArray>
  /** Its exit code or signal. */
  readonly exit: Promise<{ code: number | null, signal: string | null }>
}

/** Runs the words of `npm start` from package.json, with a temporary folder for its log. */
export function start (t: Test, environment: Record<string, string>, wrap = (words: string[]): [string, string[]] => [words[0] as string, words.slice(1)]): Program {
  const folder = mkdtempSync(join(tmpdir(), 'arr-program-'))
  const { NODE_OPTIONS: _, ...inherited } = process.env
  const [command, rest] = wrap([process.execPath, cli, ...words.split(' ')])
  const child = spawn(command, rest, {
    cwd: root,
    // A start may take long on a busy machine.
    env: { ...inherited, FASTIFY_PLUGIN_TIMEOUT: '100000', LOG_DIR: folder, HTTP_PORT: '0', HTTPS_PORT: '0', BACKEND_PORT: '0', MONITOR_PORT: 'off', ...environment }
  })
  let output = ''
  const heard = (chunk: Buffer): void => { output += String(chunk) }
  child.stdout.on('data', heard)
  child.stderr.on('data', heard)
  const exit = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exit
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    process: child,
    output: () => output,
    exit,
    async says (pattern) {
      for (;;) {
        const match = pattern.exec(output)
        if (match !== null) return match
        const ended = await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), exit.then(() => null)])
        if (ended === null && !pattern.test(output)) throw new Error(`it ended without saying ${pattern}:\n${output}`)
      }
    }
  }
}

/** A port that is in use until the test ends. */
export async function takenPort (t: Test): Promise<number> {
  const server: Server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}
