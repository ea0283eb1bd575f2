// `<log>` and `<logFile>`: options of arr-log, which has one set for all sites.
import type { ArrLogOptions, CustomField } from '../config/plugin-options.ts'
import { at } from '../errors.ts'
import { differs, lost, readAttributes, type AttributeTable, type Fate } from '../reading/attribute-table.ts'
import { collection } from '../reading/collection.ts'
import { written, type Reading } from '../reading/reading.ts'
import type { XmlAttribute, XmlElement } from '../xml/element.ts'
import { FLAGS } from './log-flags.ts'

/** The log's options so far, with the element that set them. */
export interface LogDraft {
  options: ArrLogOptions
  from: XmlElement | null
}

const PERIODS = { Daily: 'daily', Hourly: 'hourly', Weekly: 'weekly', Monthly: 'monthly', MaxSize: 'size' } as const
const FORMATS = { W3C: 'w3c', NCSA: 'ncsa', IIS: null, Custom: null } as const
const SOURCES = { RequestHeader: 'RequestHeader', ResponseHeader: 'ResponseHeader', ServerVariable: 'ServerVariable', 0: 'RequestHeader', 1: 'ResponseHeader', 2: 'ServerVariable' } as const

/** `truncateSize` of the setting "Do not create new log files". */
const NEVER = 4_294_967_295

/** The folder of the logs in a shipped applicationHost.config. */
const SHIPPED = /^%SystemDrive%\\inetpub\\logs\\LogFiles\\?$/i

/** Sets the option `directory`, unless the path is one of Windows. */
const directory: Fate<ArrLogOptions> = (reading, element, name, options) => {
  const path = reading.text(element, name) ?? ''
  if (path === '') return
  // On other systems, a path with a drive, a share or a variable of Windows would become a folder of that name.
  if (SHIPPED.test(path)) reading.byDefault(element.attributes.get(name) as XmlAttribute, 'the folder that IIS ships; the log goes to the option directory, which is logs unless it is set')
  else if (/%[^%]+%|^[a-z]:|\\/i.test(path)) reading.differs(element.attributes.get(name), 'a path of Windows; the log goes to the option directory, which is logs unless it is set')
  else options.directory = path
}

/** Sets the option `fields`. */
const fields: Fate<ArrLogOptions> = (reading, element, name, options) => {
  const words = (reading.text(element, name) ?? '').split(/[,\s]+/).filter(word => word !== '')
  const on = new Set<string>()
  for (const word of words) {
    const flag = Object.keys(FLAGS).find(one => one.toLowerCase() === word.toLowerCase())
    if (flag === undefined) reading.problem(element.attributes.get(name) ?? element, `logExtFileFlags="${word}" is not one of ${Object.keys(FLAGS).join(', ')}`)
    else on.add(flag)
  }
  if (on.size === 0) reading.loses(element.attributes.get(name), 'a log has at least one column; the usual ones are written')
  else options.fields = Object.entries(FLAGS).filter(([flag]) => on.has(flag)).map(([, field]) => field)
}

/** The attributes of `<logFile>` and `<centralW3CLogFile>`. */
const LOG_FILE = {
  enabled: (reading, element, name, options) => {
    if (reading.flag(element, name) === false) options.file = false
  },
  logFormat: (reading, element, name, options) => {
    const format = reading.word(element, name, FORMATS)
    if (format !== null) options.format = format
    else reading.loses(element.attributes.get(name), 'this format is not supported; W3C is written')
  },
  directory,
  period: (reading, element, name, options) => { options.period = reading.word(element, name, PERIODS) },
  truncateSize: (reading, element, name, options) => { options.truncateSize = reading.integer(element, name, 1_048_576) },
  localTimeRollover: (reading, element, name, options) => { options.localTimeRollover = reading.flag(element, name) },
  logExtFileFlags: fields,
  logSiteId: differs('the site is always named by its id', ['true']),
  logTargetW3C: lost('lines are not sent to ETW', 'they are entries of the Fastify logger as well', ['File']),
  flushByEntryCountW3CLog: differs('lines wait at most a second'),
  maxLogLineLength: differs('lines are cut at 65536 characters', ['65536']),
  customLogPluginClsid: lost('modules of IIS cannot write this log', undefined, ['', '{FF160663-DE82-11CF-BC0A-00AA006111E0}'])
} as const satisfies AttributeTable<ArrLogOptions>

/** Reads a `<logFile>`, of all sites (`site` null) or of one. The first one sets the options; a later one that differs is reported as lost. */
export function readLogFile (reading: Reading, element: XmlElement, draft: LogDraft, site: string | null): void {
  const options: ArrLogOptions = {}
  readAttributes<ArrLogOptions>(reading, element, LOG_FILE, options)
  if (options.period === 'size' && options.truncateSize === NEVER) Object.assign(options, { period: 'none', truncateSize: undefined })
  for (const child of element.children) {
    if (child.name === 'customFields') Object.assign(options, readCustomFields(reading, child))
  }
  const own = written<ArrLogOptions>(options)
  if (draft.from === null) {
    draft.options = reading.made(own, element)
    draft.from = element
    if (site !== null) reading.differs(element, 'holds for the logs of all sites')
  } else if (JSON.stringify({ ...draft.options, ...own }) !== JSON.stringify(draft.options)) {
    reading.losesAll(element, `the log's options are the same for all sites, and those at ${at(draft.from.place)} are used`)
  }
}

function readCustomFields (reading: Reading, element: XmlElement): Pick<ArrLogOptions, 'customFields' | 'maxCustomFieldLength'> {
  reading.used(element)
  return {
    maxCustomFieldLength: reading.integer(element, 'maxCustomFieldLength', 2, 65536),
    customFields: collection(reading, element, 'add', 'logFieldName').entries.map(add => readCustomField(reading, add))
  } as Pick<ArrLogOptions, 'customFields' | 'maxCustomFieldLength'>
}

function readCustomField (reading: Reading, element: XmlElement): CustomField {
  const logFieldName = reading.required(element, 'logFieldName')
  if (/\s/.test(logFieldName)) reading.problem(element.attributes.get('logFieldName') ?? element, `logFieldName="${logFieldName}" has a space, which ends a column`)
  const sourceType = reading.word(element, 'sourceType', SOURCES) ?? 'RequestHeader'
  const sourceName = reading.required(element, 'sourceName')
  const variable = sourceType === 'ServerVariable' ? sourceName.toUpperCase() : sourceName
  if (variable !== sourceName) reading.differs(element.attributes.get('sourceName'), `the variable is ${variable}; IIS finds none in small letters`)
  return { logFieldName, sourceType, sourceName: variable }
}

/** The attributes of `<log>`. */
const LOG = {
  centralLogFileMode: (reading, element, name, options) => {
    const mode = reading.word(element, name, { Site: 'Site', CentralW3C: 'CentralW3C', CentralBinary: 'CentralBinary' })
    if (mode === 'CentralW3C') options.central = true
    if (mode === 'CentralBinary') reading.loses(element.attributes.get(name), 'binary logs are not supported; W3C is written')
  },
  logInUTF8: differs('logs are UTF-8', ['true'])
} as const satisfies AttributeTable<ArrLogOptions>

/** Reads `<system.applicationHost><log>`. */
export function readLog (reading: Reading, element: XmlElement, draft: LogDraft): void {
  const options: ArrLogOptions = {}
  readAttributes<ArrLogOptions>(reading, element, LOG, options)
  for (const child of element.children) {
    if (child.name === 'centralW3CLogFile') {
      if (options.central !== true) reading.usedAll(child, 'no effect, in IIS as well: each site has its own log')
      else readAttributes<ArrLogOptions>(reading, child, LOG_FILE, options)
    } else if (child.name === 'centralBinaryLogFile') reading.usedAll(child, 'no effect: there are no binary logs')
  }
  if (options.central === true) {
    draft.options = reading.made(written<ArrLogOptions>(options), element)
    draft.from = element
  }
}
