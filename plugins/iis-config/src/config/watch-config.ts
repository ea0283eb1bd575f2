// When does a configuration change, and what then? The file is read again; a broken one leaves the old in force.
import { statSync } from 'node:fs'
import { readConfig, type IisConfig, type ReadOptions } from './read-config.ts'
import { isIisConfigError } from '../errors.ts'

/** How a file is watched. */
export interface WatchOptions extends ReadOptions {
  /** How often it is looked at, in ms. Default: `1000`. */
  readonly interval?: number
  /** How long a file must have been quiet before it is read, in ms: editors write in more than one go. Default: `100`. */
  readonly quiet?: number
}

/** Told of each new configuration, or of the error that kept it from being one. */
export type ConfigChanged = (error: Error | null, config: IisConfig) => void

/** A configuration that is watched. */
export interface WatchedConfig {
  /** The last one that could be read. */
  readonly config: IisConfig
  /** Stops watching. */
  close (): void
}

/**
 * Reads a configuration and calls back each time it changes, or a file it takes parts from does.
 *
 * The callback gets the error of a file that is broken, together with the configuration that stays in force.
 * Files are looked at, not waited for: that also works on network drives, in containers, and where an editor
 * puts a new file in the place of the old one. Watching keeps no process alive.
 *
 * @throws as `readConfig`, if the file cannot be read to begin with.
 */
export function watchConfig (file: string, changed: ConfigChanged, options: WatchOptions = {}): WatchedConfig {
  const { interval = 1000, quiet = 100 } = options
  const { config: first, error, stamps } = readStill(file, options, stampsOf([file]))
  if (error !== null) throw error
  let config = first
  let seen = stamps
  let timer: NodeJS.Timeout | undefined
  const poll = setInterval(look, interval).unref()

  return {
    get config () { return config },
    close () {
      clearInterval(poll)
      clearTimeout(timer)
    }
  }

  /** Whether a file has changed since it was last looked at; it is then read once it has been quiet. */
  function look (): boolean {
    const now = stampsOf(seen.keys())
    if ([...now].every(([name, stamp]) => seen.get(name) === stamp)) return false
    seen = now
    clearTimeout(timer)
    timer = setTimeout(reload, quiet).unref()
    return true
  }

  function reload (): void {
    if (look()) return
    const read = readStill(file, options, seen)
    seen = read.stamps
    config = read.config ?? config
    changed(read.error, config)
  }
}

/** What came of reading. */
type Outcome = { readonly config: IisConfig, readonly error: null } | { readonly config: null, readonly error: Error }

/** The same, with the stamps of the files it is about. */
type Read = Outcome & { readonly stamps: ReadonlyMap<string, string> }

/** Reads, with stamps of all files that are older than the reading: no change between the two is missed. */
function readStill (file: string, options: ReadOptions, known: ReadonlyMap<string, string>): Read {
  let stamps = stampsOf(known.keys())
  for (;;) {
    const read = attempt(file, options)
    // A file that is to blame is watched as well: mending it is a change, even if nothing was ever read from it.
    const files = [file, ...read.config?.files ?? [...known.keys(), ...blamed(read.error)]]
    if (files.every(name => stamps.has(name))) return { ...read, stamps: new Map(files.map(name => [name, stamps.get(name) as string])) }
    stamps = stampsOf(files)
  }
}

function attempt (file: string, options: ReadOptions): Outcome {
  try {
    return { config: readConfig(file, options), error: null }
  } catch (error) {
    return { config: null, error: error as Error }
  }
}

function blamed (error: Error | null): string[] {
  return isIisConfigError(error) ? error.problems.map(({ file }) => file) : []
}

function stampsOf (files: Iterable<string>): Map<string, string> {
  return new Map([...files].map(name => [name, stampOf(name)]))
}

/** What tells one state of a file from another. A file that is gone is a state as well, and so is one that cannot be looked at: network drives come back. */
function stampOf (name: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(name)
    return `${ino} ${size} ${mtimeMs}`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? ''
  }
}
