// A child process that writes numbered lines as fast as possible; run by the tests that kill it and rotate its files.
import { createInterface } from 'node:readline'
import { listen } from '../src/files/process-events.ts'
import { createLogFile } from '../src/files/log-file.ts'
import { PREFIXES } from '../src/files/period.ts'
import { createPlace } from '../src/files/place.ts'

const [directory = '', name = '', count = '0', period = 'size', flushInterval = '20', hold = ''] = process.argv.slice(2)
const log = createLogFile({
  place: createPlace({ directory, prefix: PREFIXES.w3c, suffix: '', period: period as 'size' | 'hourly', local: false, truncateSize: 1_048_576, retain: null }),
  head: () => '#Fields: writer number filling end\r\n',
  flushInterval: Number(flushInterval),
  flushSize: 65_536,
  maxBuffer: 16_777_216,
  watcher: {
    onTrouble: error => { process.stdout.write(`trouble ${(error as NodeJS.ErrnoException).code}\n`) },
    onRecovery: (_path, lost) => { process.stdout.write(`recovered ${lost}\n`) }
  }
})
listen({ reopen: log.reopen, flushSync: log.flushSync }, 'SIGHUP')
process.stdout.write('ready\n')

const words = hold === 'laps' ? createInterface(process.stdin)[Symbol.asyncIterator]() : null
// One second of log time per line, so that the hour changes as well.
const start = Date.UTC(2022, 8, 30)
for (let number = 0; number < Number(count); number++) {
  log.write(`${name} ${number} ${'x'.repeat(number % 150)} end`, start + number * 1_000)
  if (number % 50 === 0) await new Promise(setImmediate)
  if (words !== null && number % 2_000 === 1_999) {
    process.stdout.write('lap\n')
    await words.next()
  }
}
// Waits for the parent, so that the test does not depend on which process is faster.
if (hold === 'end') await new Promise(resolve => process.stdin.on('end', resolve).resume())
await log.close()
process.stdout.write(`done ${log.lost}\n`)
