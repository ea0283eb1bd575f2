// Watches a configuration: it is read again when a file of it changes. A broken file leaves the previous configuration in force.
import { statSync } from 'node:fs'
import { isIisConfigError } from '../errors.ts'
import type { ReadOptions, WatchOptions } from '../options.ts'
import { givenFile } from '../server/folders/given-file.ts'
import { readConfig, type IisConfig } from './read-config.ts'

/** Called with each new configuration, or with the error of a file that cannot be read and the configuration that stays in force. */
export type ConfigChanged = (error: Error | null, config: IisConfig) => void

/** A configuration that is watched. */
export interface WatchedConfig {
  /** The last configuration that could be read. */
  readonly config: IisConfig
  /** Stops watching. */
  close (): void
}

/**
 * Reads a configuration, and calls back each time one of its files changes, a transform or `configSource` file of it does, or the
 * `web.config` of a site or application appears. One that appears in a folder further below is found with the next change.
 *
 * For a broken file the callback gets the error, together with the configuration that stays in force.
 * Files are polled: that also works on network drives, in containers, and where an editor replaces the file
 * by a new one. The timers keep no process alive.
 *
 * @throws as `readConfig`, if the file cannot be read to begin with.
 */
export function watchConfig (file: string | readonly string[], changed: ConfigChanged, options: WatchOptions = {}): WatchedConfig {
  const { interval = 1000, quiet = 100 } = options
  const { config: first, error, stamps } = readStill(file, options, stampsOf(namesIn(file)))
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

  /** Whether a file has changed since the last look. If so, the files are read once they have been unchanged for `quiet` ms. */
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

/** A configuration, or the error of reading it. */
type Outcome = { readonly config: IisConfig, readonly error: null } | { readonly config: null, readonly error: Error }

/** An outcome with the stamps of its files. */
type Read = Outcome & { readonly stamps: ReadonlyMap<string, string> }

/** Reads the files. The stamps are taken before the files are read, so that no change in between is missed. */
function readStill (file: string | readonly string[], options: ReadOptions, known: ReadonlyMap<string, string>): Read {
  let stamps = stampsOf(known.keys())
  for (;;) {
    const read = attempt(file, options)
    // Files named in the error are watched as well: correcting one is a change, even if it was never read.
    const files = [...namesIn(file), ...read.config === null ? [...known.keys(), ...blamed(read.error)] : [...read.config.files, ...read.config.missing]]
    if (files.every(name => stamps.has(name))) return { ...read, stamps: new Map(files.map(name => [name, stamps.get(name) as string])) }
    stamps = stampsOf(files)
  }
}

function attempt (file: string | readonly string[], options: ReadOptions): Outcome {
  try {
    return { config: readConfig(file, options), error: null }
  } catch (error) {
    return { config: null, error: error as Error }
  }
}

/** The files that are named; not the places that they are for. */
function namesIn (file: string | readonly string[]): string[] {
  return [file].flat().map(one => givenFile(one).file)
}

/** The files that an error names. */
function blamed (error: Error | null): string[] {
  return isIisConfigError(error) ? error.problems.map(({ file }) => file) : []
}

function stampsOf (files: Iterable<string>): Map<string, string> {
  return new Map([...files].map(name => [name, stampOf(name)]))
}

/** Identifies the state of a file. A missing file has a state as well, and so has one that stat fails for: a network drive may return. */
function stampOf (name: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(name)
    return `${ino} ${size} ${mtimeMs}`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? ''
  }
}
