// Where does a worker's stderr go? On to the supervisor's own, no faster than that takes it.
import type { Readable } from 'node:stream'

let isBroken = false
let waiting: Readable[] = []

/** Passes it on. Where nobody reads any more, such as behind a terminal that was closed, it is read and thrown away. */
export function passOn (from: Readable): void {
  if (!process.stderr.listeners('error').includes(broken)) process.stderr.on('error', broken)
  from.on('error', () => {})
  from.on('data', (chunk: Buffer) => {
    if (isBroken || process.stderr.write(chunk)) return
    from.pause()
    if (waiting.push(from) === 1) process.stderr.once('drain', goOn)
  })
}

function goOn (): void {
  const all = waiting
  waiting = []
  for (const one of all) one.resume()
}

function broken (): void {
  isBroken = true
  goOn()
}
