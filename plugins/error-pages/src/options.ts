// What may be written in the plugin's options?
import { isAbsolute } from 'node:path'
import { unknownOptions } from './known-options.ts'

/** A page from a file. The answer keeps its status. */
export interface FilePage {
  /** An absolute path. With `languages`, a path below the folder of a language, such as `404.htm`. No default. */
  readonly file: string
  /** The folder that has a folder for each language (`en-US`, `de`), as an absolute path: Accept-Language chooses, then `en-US` does. Defaults to none. */
  readonly languages?: string
}

/** A page that is written here. The answer keeps its status. */
export interface TextPage {
  readonly text: string
  /** The value of Content-Type. Defaults to `text/html; charset=utf-8`. */
  readonly type?: string
}

/** The client is sent to another URL, by 302. */
export interface RedirectPage {
  readonly redirect: string
}

export type PageOptions = FilePage | TextPage | RedirectPage

/** Which page an error gets, and whether it gets one (IIS documentation, *HTTP Errors <httpErrors>*). */
export interface PageRules {
  /** The pages, by status or by status and substatus (`404`, `404.3`), the substatus first; `*` is for every other error. Defaults to none. */
  readonly pages?: Readonly<Record<string, PageOptions>>
  /** Who gets them: all (`Custom`), those who do not ask from the server itself (`DetailedLocalOnly`), nobody (`Detailed`). Defaults to `Custom`. */
  readonly errorMode?: ErrorMode
  /** Whether an answer that somebody has written is replaced: never but for what is written where nobody handles an error (`Auto`), always (`Replace`). With `PassThrough` nothing is. Defaults to `Auto`. */
  readonly existingResponse?: ExistingResponse
}

export type ErrorMode = 'Custom' | 'DetailedLocalOnly' | 'Detailed'
export type ExistingResponse = 'Auto' | 'Replace' | 'PassThrough'

/** A site, a path or both, with rules of their own. */
export interface PlaceOptions extends PageRules {
  /** The name of the site, as host-routing writes it to `request.site`. Defaults to all sites. */
  readonly site?: string
  /** The path of the URLs under which it stands, e.g. `/app`; compared without case, decoded. Defaults to `/`. */
  readonly path?: string
}

/** Options of the plugin: the rules for every request, and places that have others. */
export interface ErrorPagesOptions extends PageRules {
  /** Of those that hold a request's site and path, the one with the longest path; one of a site before one of all sites. What it leaves out is that of the place around it. Defaults to none. */
  readonly places?: readonly PlaceOptions[]
}

// Records, so that a missing key is a compile error.
const RULES: Readonly<Record<keyof PageRules, true>> = { pages: true, errorMode: true, existingResponse: true }
const OPTIONS: Readonly<Record<keyof ErrorPagesOptions, true>> = { ...RULES, places: true }
const PLACE: Readonly<Record<keyof PlaceOptions, true>> = { ...RULES, site: true, path: true }
const MODES: Readonly<Record<ErrorMode, true>> = { Custom: true, DetailedLocalOnly: true, Detailed: true }
const EXISTING: Readonly<Record<ExistingResponse, true>> = { Auto: true, Replace: true, PassThrough: true }

const STATUS = /^(?:[4-9]\d\d(?:\.\d{1,3})?|\*)$/
// What a header may hold (RFC 9110 §5.5), and a URL.
const FIELD = /^[\x20-\x7e]+$/
const OF_URL = /^[\x21-\x7e]+$/
// As in request-filter: one configuration names the places of both.
const NO_PATH = /[?#\\]|%[\da-f]{2}|\/\.\.?(?:\/|$)/i
const NO_PAGE = 'must be { file } with an absolute path, { file, languages } with the path in the folder of a language and an absolute path, { text, type } or { redirect } with a URL'

const isText = (value: unknown): value is string => typeof value === 'string'
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const isWord = (value: unknown, words: object): boolean => isText(value) && Object.hasOwn(words, value)
const isFullPath = (value: unknown): boolean => isText(value) && isAbsolute(value) && !value.includes('\0')
const isBelow = (value: string): boolean => !/[\0:]/.test(value) && value.split(/[/\\]/).every(part => part !== '' && part !== '..')

/** The mistakes in the options, a sentence for each. */
export function mistakesIn (options: ErrorPagesOptions): string[] {
  const mistakes = unknownOptions(options, Object.keys(OPTIONS))
  checkRules(options as Readonly<Record<string, unknown>>, '', mistakes)
  const { places } = options
  if (places === undefined) return mistakes
  if (!Array.isArray(places)) return [...mistakes, '`places` must be a list']
  const seen = new Set<string>()
  places.forEach((place: unknown, index) => {
    const at = `places[${index}]`
    if (!isRecord(place)) {
      mistakes.push(`\`${at}\` must be an object`)
      return
    }
    mistakes.push(...unknownOptions(place, Object.keys(PLACE)).map(text => `\`${at}\`: ${text}`))
    const { site, path = '/' } = place
    if (site !== undefined && (!isText(site) || site === '')) mistakes.push(`\`${at}.site\` must be a name`)
    if (!isText(path) || !path.startsWith('/') || NO_PATH.test(path)) mistakes.push(`\`${at}.path\` must be a path such as /app: decoded, without dot segments, backslash, query and fragment`)
    else if (seen.has(`${String(site ?? '')}${path.toLowerCase()}`)) mistakes.push(`\`${at}\` is for the same site and path as another one`)
    else seen.add(`${String(site ?? '')}${path.toLowerCase()}`)
    checkRules(place, `${at}.`, mistakes)
  })
  return mistakes
}

function checkRules ({ pages, errorMode, existingResponse }: Readonly<Record<string, unknown>>, at: string, mistakes: string[]): void {
  if (errorMode !== undefined && !isWord(errorMode, MODES)) mistakes.push(`\`${at}errorMode\` must be one of ${Object.keys(MODES).join(', ')}`)
  if (existingResponse !== undefined && !isWord(existingResponse, EXISTING)) mistakes.push(`\`${at}existingResponse\` must be one of ${Object.keys(EXISTING).join(', ')}`)
  if (pages === undefined) return
  if (!isRecord(pages)) {
    mistakes.push(`\`${at}pages\` must be an object`)
    return
  }
  for (const [status, page] of Object.entries(pages)) {
    if (!STATUS.test(status)) mistakes.push(`\`${at}pages\` has ${JSON.stringify(status)}, which must be a status from 400 to 999, a status and a substatus such as 404.3, or *`)
    if (!isPage(page)) mistakes.push(`\`${at}pages.${status}\` ${NO_PAGE}`)
  }
}

function isPage (page: unknown): boolean {
  if (!isRecord(page)) return false
  const { file, languages, text, type, redirect, ...rest } = page
  if (Object.keys(rest).length > 0 || [file, text, redirect].filter(one => one !== undefined).length !== 1) return false
  if (file !== undefined && type === undefined) return languages === undefined ? isFullPath(file) : isFullPath(languages) && isText(file) && isBelow(file)
  if (languages !== undefined) return false
  if (text !== undefined) return isText(text) && (type === undefined || (isText(type) && FIELD.test(type)))
  return type === undefined && isText(redirect) && OF_URL.test(redirect)
}
