// Have files changed since they were read? Their stamps are compared with those taken before the read.

import { stat } from 'node:fs/promises'

/** Identifies the state of some files: inode, size and times. A file that is missing or not readable has a state too: its error code. */
export async function stampsOf (files: readonly string[]): Promise<string> {
  const stamps = await Promise.all(files.map(async file => {
    try {
      const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
      return `${ino} ${size} ${mtimeNs} ${ctimeNs}`
    } catch (error) {
      return (error as NodeJS.ErrnoException).code
    }
  }))
  return stamps.join('\n')
}

/**
 * Calls back when the files differ from those last read and two checks in a row find the same state: a certificate and its key are two
 * files, and the second is written after the first. Polls instead of using `fs.watch`, which misses changes of a link's target and changes
 * on network file systems. The timer is unref'd.
 *
 * @param interval interval between two checks, ms.
 * @param read returns the stamps of the last read, taken before it.
 * @returns a function that stops the watch.
 */
export function watchStamps (files: readonly string[], interval: number, read: () => string, changed: () => void): () => void {
  let last = read()
  let checking = false
  let closed = false
  const check = async (): Promise<void> => {
    const now = await stampsOf(files)
    const still = now === last
    last = now
    if (still && !closed && now !== read()) changed()
  }
  const timer = setInterval(() => {
    // On a slow file system the previous check may still be running.
    if (checking) return
    checking = true
    check().finally(() => { checking = false })
  }, interval).unref()
  return () => {
    closed = true
    clearInterval(timer)
  }
}
