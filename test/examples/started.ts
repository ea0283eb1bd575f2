// How is an example started? As its README says: the words of its command, in a process of its own, on free ports.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { root } from '../packages.ts'
import { start, type Program } from '../program.ts'

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { example: string } }

/** The words of `npm run example` behind `node`. */
export const script: readonly string[] = scripts.example.split(' ').slice(1)

export const folderOf = (name: string): string => join(root, 'examples', name)

/** The one command of the README, such as `npm run example jwt`. */
export function commandOf (name: string): string {
  const commands = [...readFileSync(join(folderOf(name), 'README.md'), 'utf8').matchAll(/^```sh\n(.*?)\n```$/gms)]
  if (commands.length !== 1) throw new Error(`the README of ${name} has ${commands.length} commands, not one`)
  return commands[0]![1]!
}

/** Runs the command of the README; what it ends with by itself is in `exit`. */
export function run (t: Test, name: string, environment: Record<string, string> = {}): Program {
  const [, ...words] = commandOf(name).split('npm run example ')
  return start(t, { PORT: '0', ...environment }, () => [process.execPath, [...script, ...words]])
}

export interface Example extends Program {
  /** The first URL that it prints, without a slash at the end. */
  readonly url: string
}

/** Runs it until it says where it listens. */
export async function example (t: Test, name: string, environment: Record<string, string> = {}, url = /^(https?:\/\/\S+?)\/?$/m): Promise<Example> {
  t.setTimeout(240_000)
  const program = run(t, name, environment)
  const [, found = ''] = await program.says(url)
  return { ...program, url: found }
}

/** Asks it to end, and waits for that: it has nothing left that keeps it. Windows has no SIGTERM: there it is ended. */
export async function endsInOrder (t: Test, { process: child, exit, output }: Program): Promise<void> {
  child.kill('SIGTERM')
  const ended = await exit
  if (process.platform !== 'win32') t.same(ended, { code: 0, signal: null }, output())
}
