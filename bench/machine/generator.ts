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

/** Several processes of one load, which take their steps together. */
export class Team {
  readonly #loads: readonly Load[]
  // From the beginning: a line that comes before somebody asks would be lost.
  readonly #lines: readonly AsyncIterator<string>[]

  constructor (program: string | null, argsOfEach: readonly (readonly string[])[]) {
    this.#loads = argsOfEach.map(args => begin(program, args))
    this.#lines = this.#loads.map(load => load.lines[Symbol.asyncIterator]())
  }

  /** Lets all go on from where they wait. */
  goOn (): void {
    for (const load of this.#loads) load.say('go on\n')
  }

  /** The sum of the numbers in the next line of each, which begins with `word`. Throws, with the reason, as soon as one has ended instead. */
  async sum (word: string): Promise<number> {
    const numbers = await Promise.all(this.#loads.map(async (load, index) => {
      const { value = '' } = await this.#lines[index]?.next() ?? {}
      const [said, number = 0] = String(value).split(' ')
      if (said !== word) throw new Error(await load.failure())
      return Number(number)
    }))
    return numbers.reduce((sum, number) => sum + number, 0)
  }

  async end (): Promise<void> {
    await Promise.all(this.#loads.map(load => load.end()))
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
