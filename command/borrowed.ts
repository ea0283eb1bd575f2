// How is another package's command run? Its own file, in this process: its options, its input and its exit code are its own.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { Borrowed } from './asking/commands.ts'

/** Runs it with the user's words behind its own. */
export async function runBorrowed (borrowed: Borrowed, more: readonly string[]): Promise<void> {
  const path = pathOfBin(borrowed)
  process.argv = [process.argv[0] as string, path, ...borrowed.words, ...more]
  await import(pathToFileURL(path).href)
}

/** The command's file. */
export function pathOfBin ({ package: name, bin }: Pick<Borrowed, 'package' | 'bin'>): string {
  const file = createRequire(import.meta.url).resolve(`${name}/package.json`)
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { bin: Readonly<Record<string, string>> }
  return join(dirname(file), manifest.bin[bin] as string)
}
