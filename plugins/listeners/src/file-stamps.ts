// Have files changed since they were read? They are looked at, with stamps that are older than the reading.

import { stat } from 'node:fs/promises'

/** What tells one state of some files from another. A file that is gone, or that may not be looked at, is a state as well. */
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
 * Calls back when files are no longer as they were read and two looks in a row find them alike: a certificate and its key
 * are two files, and the second is given time to follow the first. Looked at rather than listened to: a file that a link
 * points to, on whatever file system, is where certificates are renewed. Keeps no process alive.
 *
 * @param interval ms between two looks.
 * @param read the stamps of what was last read, taken before it was.
 * @returns what ends it.
 */
export function watchStamps (files: readonly string[], interval: number, read: () => string, changed: () => void): () => void {
  let last = read()
  let looking = false
  let closed = false
  const look = async (): Promise<void> => {
    const now = await stampsOf(files)
    const still = now === last
    last = now
    if (still && !closed && now !== read()) changed()
  }
  const timer = setInterval(() => {
    // A file system that takes its time is not asked twice.
    if (looking) return
    looking = true
    look().finally(() => { looking = false })
  }, interval).unref()
  return () => {
    closed = true
    clearInterval(timer)
  }
}
