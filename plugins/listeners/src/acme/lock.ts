// Which of several processes orders? The one that holds the lock file of the folder; a lock that is not renewed any more is taken over.

import { randomUUID } from 'node:crypto'
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'

/** A lock that this process has taken. */
export interface Lock {
  /** False once another process has taken it over, or this one was stopped for so long that one may have. */
  isHeld (): boolean
  release (): Promise<void>
}

/**
 * Returns the function that takes the lock, or null where another holds it. It is called again and again by who waits: a lock is stale
 * once its file has been seen unchanged for the timeout. That is measured with this process's own clock: those of other machines may differ.
 *
 * @param timeout ms.
 */
export function createLocker (file: string, timeout: number): () => Promise<Lock | null> {
  let seen: { readonly stamp: string, readonly since: number } | null = null
  return async () => {
    const owner = `${hostname()} ${process.pid} ${randomUUID()}`
    if (await create(file, owner)) return hold(file, owner, timeout)
    const stamp = await stampOf(file)
    if (stamp === null) return null
    const now = performance.now()
    if (seen?.stamp !== stamp) seen = { stamp, since: now }
    if (now - seen.since < timeout) return null
    seen = null
    await takeAway(file, stamp)
    return await create(file, owner) ? hold(file, owner, timeout) : null
  }
}

async function create (file: string, owner: string): Promise<boolean> {
  try {
    await writeFile(file, owner, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Who holds it, and when it was renewed; null where the file is gone. */
async function stampOf (file: string): Promise<string | null> {
  try {
    const { mtimeMs } = await stat(file)
    return `${await readFile(file, 'utf8')} ${mtimeMs}`
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Of several that find a lock stale one moves it away; who moved a newer one by that puts it back. */
async function takeAway (file: string, stamp: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`
  try {
    await rename(file, aside)
  } catch {
    return
  }
  if (await stampOf(aside) !== stamp) await link(aside, file).catch(() => {})
  await rm(aside, { force: true })
}

function hold (file: string, owner: string, timeout: number): Lock {
  let renewed = performance.now()
  let lost = false
  // What cannot be read at the moment is not lost: if that goes on, the time is over.
  const isOurs = async (): Promise<boolean> => await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => { if (error.code === 'ENOENT') return null; throw error }) === owner
  const timer = setInterval(() => {
    renew().catch(() => {})
  }, Math.max(10, timeout / 4)).unref()
  return {
    isHeld: () => !lost && performance.now() - renewed < timeout,
    async release () {
      clearInterval(timer)
      if (await isOurs().catch(() => false)) await rm(file, { force: true })
    }
  }

  async function renew (): Promise<void> {
    const at = performance.now()
    if (!await isOurs()) {
      lost = true
      clearInterval(timer)
      return
    }
    const now = new Date()
    await utimes(file, now, now)
    renewed = at
  }
}
