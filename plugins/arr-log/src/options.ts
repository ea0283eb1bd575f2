// Which options are there, which values are invalid, and what are the defaults?
import type { FastifyReply, FastifyRequest } from 'fastify'
import { InvalidOptions } from './errors.ts'
import { FIELDS, PRESETS, isExtra, type Field } from './format/fields.ts'
import { unknownOptions } from './known-options.ts'
import { PERIODS, type Period } from './files/period.ts'
import type { Retain } from './files/place.ts'

export const FORMATS = ['w3c', 'ncsa', 'json'] as const
export type FormatName = typeof FORMATS[number]

/** A custom column: one of IIS's `<customFields>`, or the result of a function. */
export type CustomField =
  | { readonly logFieldName: string, readonly sourceType: 'RequestHeader' | 'ResponseHeader' | 'ServerVariable', readonly sourceName: string }
  | { readonly logFieldName: string, readonly sourceType: 'Function', readonly value: (request: FastifyRequest, reply: FastifyReply) => string | number | null | undefined }

/** The options for log files, shared by the plugin and the transport. */
export interface FileOptions {
  /** The folder. Each site has a subfolder, `W3SVC<id>`. Default: `logs`. */
  readonly directory?: string
  /** `w3c`, `ncsa` (combined), or `json` (one object per line). Default: `w3c`. */
  readonly format?: FormatName
  /** The columns of the W3C format: `iis` for IIS's default fifteen, `article` for these and `cs-version`, `all`, or a list in any order; lines always have IIS's order. Default: `iis`. */
  readonly fields?: keyof typeof PRESETS | readonly Field[]
  /** Length (UTF-16 units) at which a custom field is cut. Default: 4096. */
  readonly maxCustomFieldLength?: number
  /** The value of `#Software:`. Default: `Microsoft Internet Information Services 10.0`. */
  readonly software?: string
  /** When a new file begins: `hourly`, `daily`, `weekly`, `monthly`, `size` or `none`. Default: `daily`. */
  readonly period?: Period
  /** With `period: 'size'`, bytes after which a new file begins; at least 1048576. Default: 20971520. */
  readonly truncateSize?: number
  /** Files are named and rolled over by local time; times in the lines stay UTC. Default: false. */
  readonly localTimeRollover?: boolean
  /** How many files or days are kept of each site's log. Default: all. */
  readonly retain?: Retain
  /** One file for all sites, in `directory` itself, with `s-sitename` in each line. Default: false. */
  readonly central?: boolean
  /** Longest time a line is buffered before it is written, ms. Default: 1000. */
  readonly flushInterval?: number
  /** Buffered bytes at which a write begins before that time. Default: 65536. */
  readonly flushSize?: number
  /** Limit of buffered bytes of a file while writing fails, eight times as many for all files together; lines beyond it are lost and counted. Default: 16777216. */
  readonly maxBuffer?: number
}

/** The plugin's options. */
export interface ArrLogOptions extends FileOptions {
  /** Whether files are written at all. Default: true. */
  readonly file?: boolean
  /** Whether each exchange is also an entry of `request.log`. Default: true. */
  readonly log?: boolean
  /** Whether a WebSocket also has a line when it opens, marked in the column `x-ws-event`. Default: false. */
  readonly logOpening?: boolean
  /** Custom columns, after `time-taken`. Default: none. */
  readonly customFields?: readonly CustomField[]
  /** Query parameters whose values are never logged, e.g. `['access_token']`. Default: none. */
  readonly redactQuery?: readonly string[]
  /** The user's name, for cs-username. Default: `-`. */
  readonly username?: (request: FastifyRequest) => string | null | undefined
  /** The site of requests that have no `request.site`. Default: `{ name: 'Default', id: 1 }`. */
  readonly site?: { readonly name: string, readonly id: number }
  /** The signal at which files are opened again, or false. Default: `SIGHUP`; false on Windows and where the process has a terminal. */
  readonly reopenSignal?: NodeJS.Signals | false
}

/** The file options, with defaults filled in. */
export interface Settings extends Required<Omit<FileOptions, 'retain' | 'fields'>> {
  readonly fields: readonly Field[]
  readonly retain: Retain | null
  /** Whether the openings of WebSockets have lines. */
  readonly openings: boolean
}

// A record, so that the compiler reports a missing key. For the plugin only: pino adds keys of its own to a transport's options.
const OPTIONS: Readonly<Record<keyof ArrLogOptions, true>> = { directory: true, format: true, fields: true, maxCustomFieldLength: true, software: true, period: true, truncateSize: true, localTimeRollover: true, retain: true, central: true, flushInterval: true, flushSize: true, maxBuffer: true, file: true, log: true, logOpening: true, customFields: true, redactQuery: true, username: true, site: true, reopenSignal: true }

const MEGABYTE = 1_048_576

/** All mistakes in the file options, one sentence each. */
export function fileMistakes (options: FileOptions): string[] {
  const mistakes: string[] = []
  const wrong = (ok: boolean, name: string, rule: string) => { if (!ok) mistakes.push(`\`${name}\` must be ${rule}`) }
  const { directory, format, fields, period, retain } = options
  wrong(directory === undefined || (typeof directory === 'string' && directory !== ''), 'directory', 'a path')
  wrong(format === undefined || FORMATS.includes(format), 'format', `one of ${FORMATS.join(', ')}`)
  wrong(period === undefined || PERIODS.includes(period), 'period', `one of ${PERIODS.join(', ')}`)
  if (Array.isArray(fields)) {
    if (fields.length === 0) mistakes.push('`fields` must name at least one column')
    for (const field of fields) if (!Object.hasOwn(FIELDS, field)) mistakes.push(`\`fields\` has "${String(field)}", which must be the name of a column`)
  } else wrong(fields === undefined || Object.hasOwn(PRESETS, String(fields)), 'fields', `a list of column names, or one of ${Object.keys(PRESETS).join(', ')}`)
  for (const name of ['localTimeRollover', 'central'] as const) wrong(options[name] === undefined || typeof options[name] === 'boolean', name, 'true or false')
  wrong(options.software === undefined || (typeof options.software === 'string' && /^[^\r\n]+$/.test(options.software)), 'software', 'one line of text')
  const numbers = [['truncateSize', MEGABYTE], ['flushInterval', 1], ['flushSize', 1], ['maxBuffer', 1], ['maxCustomFieldLength', 2]] as const
  for (const [name, least] of numbers) wrong(options[name] === undefined || isWhole(options[name], least), name, `a whole number of at least ${least}`)
  if (retain !== undefined && (typeof retain !== 'object' || retain === null)) mistakes.push('`retain` must be { files } or { days }')
  else for (const name of ['files', 'days'] as const) wrong(retain?.[name] === undefined || isWhole(retain[name], 1), `retain.${name}`, 'a whole number of at least 1')
  return mistakes
}

/** All mistakes in the plugin's options, one sentence each. */
export function mistakesOf (options: ArrLogOptions): string[] {
  const mistakes = [...unknownOptions(options, Object.keys(OPTIONS)), ...fileMistakes(options)]
  const wrong = (ok: boolean, name: string, rule: string) => { if (!ok) mistakes.push(`\`${name}\` must be ${rule}`) }
  for (const name of ['file', 'log', 'logOpening'] as const) wrong(options[name] === undefined || typeof options[name] === 'boolean', name, 'true or false')
  wrong(options.username === undefined || typeof options.username === 'function', 'username', 'a function of the request')
  wrong(options.redactQuery === undefined || (Array.isArray(options.redactQuery) && options.redactQuery.every(name => typeof name === 'string')), 'redactQuery', 'a list of names')
  wrong(options.site === undefined || (typeof options.site?.name === 'string' && isWhole(options.site.id, 1)), 'site', '{ name, id } with an id of at least 1')
  wrong(options.reopenSignal === undefined || options.reopenSignal === false || /^SIG[A-Z0-9]+$/.test(options.reopenSignal), 'reopenSignal', 'the name of a signal, or false')
  if (options.customFields !== undefined && !Array.isArray(options.customFields)) mistakes.push('`customFields` must be a list')
  else {
    const names = new Set<string>()
    for (const [position, field] of (options.customFields ?? []).entries()) mistakes.push(...customFieldMistakes(field, position, names))
  }
  return mistakes
}

function customFieldMistakes (field: CustomField, position: number, names: Set<string>): string[] {
  const name = field?.logFieldName
  const label = `\`customFields[${position}]\`${typeof name === 'string' ? ` (${name})` : ''}`
  if (typeof name !== 'string' || !/^[\x21-\x7e]+$/.test(name)) return [`${label} needs a logFieldName without spaces`]
  if (names.has(name) || Object.hasOwn(FIELDS, name)) return [`${label} is the name of another column`]
  names.add(name)
  switch (field.sourceType) {
    case 'Function': return typeof field.value === 'function' ? [] : [`${label} needs a value function`]
    case 'ServerVariable': return /^[A-Z0-9_]+$/.test(field.sourceName) ? [] : [`${label} needs a sourceName in upper case`]
    case 'RequestHeader':
    case 'ResponseHeader': return typeof field.sourceName === 'string' && field.sourceName !== '' ? [] : [`${label} needs a sourceName`]
    default: return [`${label} must have the sourceType RequestHeader, ResponseHeader, ServerVariable or Function`]
  }
}

function isWhole (value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least
}

/** Throws one error that lists all mistakes. */
export function refuse (mistakes: readonly string[]): void {
  if (mistakes.length > 0) throw new InvalidOptions(mistakes.join('; '))
}

/** Fills in the defaults. */
export function settle (options: FileOptions & Pick<ArrLogOptions, 'logOpening'>): Settings {
  const central = options.central ?? false
  const { fields: chosen = 'iis' } = options
  const fields = [...typeof chosen === 'string' ? PRESETS[chosen] : chosen]
  if (central) fields.push('s-sitename')
  if (options.logOpening === true) fields.push('x-ws-event', 'x-process')
  return {
    directory: options.directory ?? 'logs',
    format: options.format ?? 'w3c',
    fields,
    openings: options.logOpening === true,
    maxCustomFieldLength: options.maxCustomFieldLength ?? 4_096,
    software: options.software ?? 'Microsoft Internet Information Services 10.0',
    period: options.period ?? 'daily',
    truncateSize: options.truncateSize ?? 20 * MEGABYTE,
    localTimeRollover: options.localTimeRollover ?? false,
    retain: options.retain ?? null,
    central,
    flushInterval: options.flushInterval ?? 1_000,
    flushSize: options.flushSize ?? 65_536,
    maxBuffer: options.maxBuffer ?? 16 * MEGABYTE
  }
}

/** `_x` where a line has columns that IIS does not define (IIS 8.5, Enhanced Logging), else an empty string. */
export function suffixOf (settings: Settings, customs: number): string {
  return settings.format === 'w3c' && (customs > 0 || settings.fields.some(isExtra)) ? '_x' : ''
}
