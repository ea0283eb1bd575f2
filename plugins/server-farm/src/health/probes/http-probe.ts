// Does a server answer a GET as it should? The status, and a text in its body.
import { Asking, type Probe } from './asking.ts'
import type { IncomingMessage } from 'node:http'
import type { ProbeSettings } from '../health-settings.ts'

/** So much of a body is read. */
const MOST = 65_536

/** A GET. Redirects are not followed. */
export function httpProbe (settings: ProbeSettings): Probe {
  const { timeout, statusCodes } = settings
  const headers = { Accept: '*/*', 'Accept-Encoding': 'identity' }
  return (target, done) => {
    const asking: Asking = new Asking(target, headers, timeout, {
      answer (answer) {
        const status = answer.statusCode as number
        if (statusCodes.includes(status)) readBody(answer, settings.contains, asking)
        else asking.settle(`status ${status} is not in ${statusCodes.text}`)
      }
    }, done)
    return () => { asking.cancel() }
  }
}

/** Reads until the text is found, the body is over, or enough of it is read. */
function readBody (answer: IncomingMessage, sought: Buffer | null, asking: Asking): void {
  const kept = sought === null ? null : Buffer.allocUnsafe(MOST)
  let size = 0
  const over = (): void => {
    asking.settle(sought === null ? null : `${size < MOST ? 'its body does' : 'the first 64 KiB of its body do'} not contain ${JSON.stringify(sought.toString())}`)
  }
  asking.awaits('end of the answer')
  answer.on('end', over)
  answer.on('data', (chunk: Buffer) => {
    if (kept !== null && sought !== null) {
      chunk.copy(kept, size)
      // The text may have begun in the chunks before.
      if (kept.subarray(Math.max(0, size - sought.length + 1), size + chunk.length).includes(sought)) asking.settle(null)
    }
    size = Math.min(MOST, size + chunk.length)
    if (size === MOST) over()
  })
}
