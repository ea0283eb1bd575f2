// When does a configuration change, and what then? The file is read again; a broken one leaves the old in force.
import { statSync } from 'node:fs'
import { readConfig, type IisConfig, type ReadOptions } from './config.ts'

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
  let seen: ReadonlyMap<string, string> = new Map([[file, stampOf(file)]])
  let { config, stamps } = readStill(file, options, seen)
  seen = stamps
  let timer: NodeJS.Timeout | undefined
  const poll = setInterval(look, interval).unref()

  return {
    get config () { return config },
    close () {
      clearInterval(poll)
      clearTimeout(timer)
    }
  }

  function look (): void {
    const now = stampsOf(seen.keys())
    if ([...now].every(([name, stamp]) => seen.get(name) === stamp)) return
    seen = now
    clearTimeout(timer)
    timer = setTimeout(reload, quiet).unref()
  }

  function reload (): void {
    let error: Error | null = null
    try {
      ({ config, stamps } = readStill(file, options, seen))
      seen = stamps
    } catch (reason) {
      error = reason as Error
    }
    changed(error, config)
  }
}

/** Reads, with stamps of all files that are older than the reading: no change between the two is missed. */
function readStill (file: string, options: ReadOptions, known: ReadonlyMap<string, string>): { config: IisConfig, stamps: ReadonlyMap<string, string> } {
  let stamps = stampsOf(known.keys())
  for (;;) {
    const config = readConfig(file, options)
    const files = [file, ...config.files]
    if (files.every(name => stamps.has(name))) return { config, stamps: new Map(files.map(name => [name, stamps.get(name) as string])) }
    stamps = stampsOf(files)
  }
}

function stampsOf (files: Iterable<string>): Map<string, string> {
  return new Map([...files].map(name => [name, stampOf(name)]))
}

/** What tells one state of a file from another. A file that is gone is a state as well. */
function stampOf (name: string): string {
  const stat = statSync(name, { throwIfNoEntry: false })
  return stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`
}
