// The executable iis-config.
import { MAX_BYTES } from '../xml/open.ts'
import { coloursWanted } from './colours-wanted.ts'
import { run } from './command.ts'

// A reader such as `head` may close the pipe early: that is no error.
process.stdout.on('error', () => {})

const args = process.argv.slice(2)

process.exitCode = run(args, {
  write: text => { process.stdout.write(text) },
  warn: text => { process.stderr.write(text) },
  colors: coloursWanted(process.env, process.stdout.isTTY === true),
  input: args.some(arg => /(?:^|=)-$/.test(arg)) ? await standardInput() : undefined
})

/** One byte more than a file may have is enough to refuse it. */
async function standardInput (): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer)
    size += (chunk as Buffer).length
    if (size > MAX_BYTES) break
  }
  return Buffer.concat(chunks)
}
