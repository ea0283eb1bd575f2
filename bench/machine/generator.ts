// How is the load started, and how are its figures read?
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { LOAD_CORE, type Running, start, stop } from './processes.ts'
import type { Workshop } from './workshop.ts'

/** A running load that talks in lines. */
export interface Load {
  readonly lines: AsyncIterable<string>
  readonly say: (text: string) => void
  readonly end: () => Promise<void>
  readonly failure: () => Promise<string>
}

/** Starts a load on its core. */
export function begin (program: string | null, args: readonly string[]): Load {
  const running: Running = start(LOAD_CORE, program ?? '', args)
  const { stdout, stdin } = running.process
  if (stdout === null) throw new Error('the load has no output')
  return {
    lines: createInterface({ input: stdout }),
    say: text => { stdin?.write(text) },
    end: () => stop(running),
    failure: async () => {
      await stop(running)
      return running.errors() === '' ? 'the load ended early' : running.errors().split('\n').slice(-2).join('; ')
    }
  }
}

/** Runs an HTTP load to its end, and returns its output. Throws with its error output. */
export async function run (command: string, args: readonly string[]): Promise<string> {
  const running = start(LOAD_CORE, command, args)
  let text = ''
  running.process.stdout?.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
  await new Promise(resolve => running.process.once('close', resolve))
  if (running.process.exitCode !== 0) throw new Error(running.errors() || 'the load failed')
  return text
}

/** The wrk script that posts 16 KiB. */
export function postScript (workshop: Workshop): string {
  const path = join(workshop.folder, 'post.lua')
  writeFileSync(path, 'wrk.method = "POST"\nwrk.body = string.rep("z", 16384)\nwrk.headers["Content-Type"] = "application/octet-stream"\n')
  return path
}
