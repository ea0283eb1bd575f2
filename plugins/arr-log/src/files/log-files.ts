// Which file does an exchange go to: its site's, the central one, or the httperr log?
import { isAbsolute, join, resolve } from 'node:path'
import type { Exchange } from '../exchange/exchange.ts'
import { HTTPERR, httperrLine, rejectedOf } from '../format/httperr.ts'
import type { Rejected } from '../observe/rejected.ts'
import { createLogFile, type Backlog, type LogFile, type Watcher } from './log-file.ts'
import { SignsOfLife } from './signs-of-life.ts'
import { suffixOf, type Settings } from '../options.ts'
import { PREFIXES } from './period.ts'
import { createPlace } from './place.ts'
import type { Format } from '../format/format.ts'

/** All log files of one server. */
export interface LogFiles {
  /** Formats an exchange and writes it to its file; returns the line. */
  writeExchange (exchange: Exchange): string
  writeRejected (rejected: Rejected): void
  flush (): Promise<void>
  flushSync (): void
  reopen (): void
  close (): Promise<void>
  readonly lost: number
}

/** All files together may buffer this many times `maxBuffer`. */
const FULL_BUFFERS = 8

export function createLogFiles (settings: Settings, format: Format, customs: number, watcher: Watcher): LogFiles {
  const directory = isAbsolute(settings.directory) ? settings.directory : resolve(settings.directory)
  const backlog: Backlog = { bytes: 0, most: FULL_BUFFERS * settings.maxBuffer }
  const bySite = new Map<number, { readonly file: LogFile, readonly signs: SignsOfLife | null }>()
  let httperr: LogFile | null = null

  return {
    writeExchange (exchange) {
      const line = format.line(exchange)
      if (exchange.rejection !== undefined) {
        this.writeRejected(rejectedOf(exchange))
        return line
      }
      const key = settings.central ? 0 : exchange.siteId
      let site = bySite.get(key)
      if (site === undefined) {
        const file = openSite(key)
        bySite.set(key, site = { file, signs: settings.openings && settings.format === 'w3c' ? new SignsOfLife(file) : null })
      }
      site.file.write(line, exchange.endedAt)
      site.signs?.wrote(exchange.endedAt, exchange.websocket === undefined ? 0 : exchange.event === 'open' ? 1 : -1)
      return line
    },
    writeRejected (rejected) {
      httperr ??= openHttperr()
      httperr.write(httperrLine(rejected), rejected.at)
    },
    async flush () { await Promise.all(all().map(file => file.flush())) },
    flushSync () { for (const file of all()) file.flushSync() },
    reopen () { for (const file of all()) file.reopen() },
    async close () {
      for (const { signs } of bySite.values()) signs?.stop()
      await Promise.all(all().map(file => file.close()))
    },
    get lost () { return all().reduce((sum, file) => sum + file.lost, 0) }
  }

  function all (): LogFile[] {
    const sites = [...bySite.values()].map(({ file }) => file)
    return httperr === null ? sites : [...sites, httperr]
  }

  function openSite (key: number): LogFile {
    return createLogFile({
      place: createPlace({
        directory: settings.central ? directory : join(directory, `W3SVC${key}`),
        prefix: PREFIXES[settings.format],
        suffix: suffixOf(settings, customs),
        period: settings.period,
        local: settings.localTimeRollover,
        truncateSize: settings.truncateSize,
        retain: settings.retain
      }),
      head: format.head,
      flushInterval: settings.flushInterval,
      flushSize: settings.flushSize,
      maxBuffer: settings.maxBuffer,
      backlog,
      watcher
    })
  }

  function openHttperr (): LogFile {
    return createLogFile({
      place: createPlace({
        directory: join(directory, 'HTTPERR'),
        prefix: { dated: 'httperr', numbered: 'httperr' },
        suffix: '',
        period: 'size',
        local: false,
        truncateSize: 1_048_576,
        retain: settings.retain
      }),
      head: HTTPERR.head,
      flushInterval: settings.flushInterval,
      flushSize: settings.flushSize,
      maxBuffer: settings.maxBuffer,
      backlog,
      watcher
    })
  }
}
