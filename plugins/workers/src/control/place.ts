// Where is a supervisor found by a command of the same user? A socket with its process id for a name.
import { lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

// Every user of a Windows machine sees the names of all pipes; Node's pipes may be written to by their own user, and by administrators.
const PIPES = '\\\\.\\pipe\\'
const isWindows = process.platform === 'win32'

/** The folder of the sockets where none is given. */
export function defaultFolder (): string {
  return join(tmpdir(), `arr-workers-${userInfo().uid}`)
}

/** The socket's path. On Windows a pipe, in no folder. */
export function pathOf (folder: string, pid: number): string {
  return isWindows ? `${PIPES}arr-workers-${pid}` : join(folder, `${pid}.sock`)
}

/** The processes that have a socket there. */
export function supervisorsIn (folder: string): number[] {
  try {
    return (isWindows ? readdirSync(PIPES) : readdirSync(folder))
      .flatMap(name => (isWindows ? /^arr-workers-(\d+)$/ : /^(\d+)\.sock$/).exec(name)?.[1] ?? []).map(Number)
  } catch {
    return []
  }
}

/** Makes the folder, for this user only; throws where it is somebody else's, or others may enter it. */
export function ownFolder (folder: string): void {
  if (isWindows) return
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = lstatSync(folder)
  if (!found.isDirectory() || found.uid !== userInfo().uid || (found.mode & 0o077) !== 0) throw new Error(`${folder} is not this user's alone`)
}
