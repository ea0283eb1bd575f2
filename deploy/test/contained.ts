// An image's program in a container made by hand: the image's files, read-only, as its user, with a process table and volumes of its own. No engine is needed.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Test } from 'tap'

/** What the image says of itself. */
export interface ImageConfig {
  readonly User: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly WorkingDir: string
  readonly StopSignal: string
  readonly Volumes: Readonly<Record<string, object>>
  readonly Healthcheck: { readonly Test: readonly string[] }
}

/** Where `.ci/image` has the image's files, and what it says of itself. */
export const image = process.env.IMAGE_ROOT === undefined || process.env.IMAGE_CONFIG === undefined
  ? null
  : { root: process.env.IMAGE_ROOT, config: (JSON.parse(readFileSync(process.env.IMAGE_CONFIG, 'utf8')) as { Docker: { config: ImageConfig } }).Docker.config }

/** Everything is read-only but the volumes and /tmp, which are empty, as with `docker run --read-only --tmpfs /tmp`. */
const SCRIPT = `set -e
# tap's, about files that the image has not.
unset NODE_OPTIONS
root=$1; user=$2; folder=$3; volumes=$4; shift 4
mount --make-rprivate /
mount --bind "$root" "$root"
mount -o remount,ro,bind "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
for place in $volumes; do mount -t tmpfs -o mode=1777 tmpfs "$root$place"; done
cd "$root"
exec chroot --userspec="$user" "$root" sh -c 'cd "$0" && exec "$@"' "$folder" "$@"`

export interface Contained {
  readonly output: () => string
  readonly says: (pattern: RegExp) => Promise<RegExpExecArray>
  readonly exit: Promise<[number | null, string | null]>
  /** Sends a signal to process 1 of the container. */
  readonly signal: (name: NodeJS.Signals) => void
}

/** Starts the image's program with these variables besides its own. */
export function startContained (t: Test, { root, config }: NonNullable<typeof image>, environment: Readonly<Record<string, string>>, words = config.Entrypoint): Contained {
  const env = Object.fromEntries([...config.Env.map(entry => entry.split(/=(.*)/s).slice(0, 2) as [string, string]), ...Object.entries(environment)])
  const child: ChildProcess = spawn('unshare', ['--mount', '--pid', '--fork', 'sh', '-c', SCRIPT, 'sh', root, '1000:1000', config.WorkingDir, [...Object.keys(config.Volumes), '/tmp'].join(' '), ...words], { env })
  let output = ''
  const heard = (chunk: Buffer): void => { output += String(chunk) }
  child.stdout?.on('data', heard)
  child.stderr?.on('data', heard)
  const exit = once(child, 'close') as Promise<[number | null, string | null]>
  // Who changes its user is no longer ended with its parent: process 1 is ended, and with it all of the container.
  t.teardown(async () => {
    signal('SIGKILL')
    await exit
  })
  return {
    output: () => output,
    exit,
    async says (pattern) {
      for (;;) {
        const match = pattern.exec(output)
        if (match !== null) return match
        const ended = await Promise.race([once(child.stdout!, 'data'), once(child.stderr!, 'data'), exit.then(() => null)])
        if (ended === null && !pattern.test(output)) throw new Error(`it ended without saying ${pattern}:\n${output}`)
      }
    },
    signal
  }

  function signal (name: NodeJS.Signals): void {
    if (child.exitCode !== null || child.signalCode !== null) return
    const [first = ''] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ')
    if (first !== '') process.kill(Number(first), name)
  }
}

/** How many MB the files in a folder have. */
export function megabytes (folder: string): number {
  return Math.round(Number(spawnSync('du', ['-sk', folder], { encoding: 'utf8' }).stdout.split('\t')[0]) / 1000)
}
