// When does a configuration change, and what then? The file is read again; a broken one leaves the old in force.
import { unwatchFile, watchFile } from 'node:fs'
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
  let config = readConfig(file, options)
  let watched: readonly string[] = []
  let timer: NodeJS.Timeout | undefined
  let closed = false
  watch([file, ...config.files])

  return {
    get config () { return config },
    close () {
      closed = true
      clearTimeout(timer)
      watch([])
    }
  }

  function watch (files: readonly string[]): void {
    for (const one of watched) unwatchFile(one, soon)
    watched = [...new Set(files)]
    for (const one of watched) watchFile(one, { interval, persistent: false }, soon)
  }

  function soon (): void {
    clearTimeout(timer)
    timer = setTimeout(reload, quiet).unref()
  }

  function reload (): void {
    if (closed) return
    let error: Error | null = null
    try {
      config = readConfig(file, options)
      watch([file, ...config.files])
    } catch (reason) {
      error = reason as Error
    }
    changed(error, config)
  }
}
