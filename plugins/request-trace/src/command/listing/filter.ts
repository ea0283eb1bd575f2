// Which traces are asked about?
import { storyOf } from '../../diagnosis/story/story.ts'
import { FINDINGS } from '../../diagnosis/findings.ts'
import { AskingError, type Asked } from '../asking/arguments.ts'
import { durationIn, momentIn } from '../asking/moments.ts'
import { nearest } from '../asking/nearest.ts'
import type { TraceFile } from './trace-files.ts'
import { endingOf, hostOf } from './row.ts'

type Filter = (file: TraceFile) => boolean

const SEVERITIES = ['error', 'warning', 'information']

/** @throws AskingError for a value that says nothing. */
export function compileFilter (values: Asked, now: number): Filter {
  const filters: Filter[] = []
  const utc = values.utc === true
  const { status, path, finding, severity, since, until, longer, shorter } = values
  if (since !== undefined) filters.push(from(momentIn(since, utc, now)))
  if (until !== undefined) filters.push(to(momentIn(until, utc, now)))
  if (longer !== undefined) filters.push(above(durationIn(longer)))
  if (shorter !== undefined) filters.push(below(durationIn(shorter)))
  if (status !== undefined) filters.push(statusIn(status))
  if (path !== undefined) filters.push(pathLike(path))
  if (values.websockets === true) filters.push(({ trace }) => storyOf(trace).handshake)
  if (finding !== undefined) filters.push(foundAs(finding))
  if (severity !== undefined) {
    if (!SEVERITIES.includes(severity)) throw new AskingError(`--severity "${severity}" is not ${SEVERITIES.join(', ')}`)
    filters.push(({ findings }) => findings.some(one => one.severity === severity))
  }
  const texts: ReadonlyArray<[string | undefined, (file: TraceFile) => readonly string[]]> = [
    [values.host, ({ trace }) => [hostOf(trace.url), hostOf(trace.url).replace(/:\d+$/, '')]],
    [values.site, ({ trace }) => [trace.siteName, String(trace.siteId)]],
    [values.client, ({ trace }) => [trace.client, trace.client.replace(/:\d+$/, '')]],
    [values.method, ({ trace }) => [trace.verb]],
    [values.ending, ({ trace }) => [endingOf(trace).ending]],
    [values.close, ({ trace }) => [endingOf(trace).close]]
  ]
  for (const [text, value] of texts) {
    if (text === undefined) continue
    const patterns = patternsIn(text)
    filters.push(file => value(file).some(one => patterns.some(pattern => pattern.test(one === '' ? '-' : one))))
  }
  for (const one of values.where ?? []) filters.push(whereValue(one))
  return file => filters.every(filter => filter(file))
}

const from = (moment: number): Filter => ({ trace }) => trace.beganAt >= moment
const to = (moment: number): Filter => ({ trace }) => trace.beganAt < moment
const above = (ms: number): Filter => ({ trace }) => trace.timeTaken > ms
const below = (ms: number): Filter => ({ trace }) => trace.timeTaken < ms

function statusIn (text: string): Filter {
  const ranges = text.split(',').map(part => {
    const [, digit, least, most, subStatus] = /^(?:(\d)xx|(\d{3})(?:-(\d{3})|\.(\d{1,3}))?)$/i.exec(part.trim()) ?? []
    if (digit !== undefined) return { least: Number(digit) * 100, most: Number(digit) * 100 + 99, subStatus: null }
    if (least === undefined) throw new AskingError(`"${part}" is not a status: write 404, 404.13, 5xx or 200-299`)
    return { least: Number(least), most: Number(most ?? least), subStatus: subStatus === undefined ? null : Number(subStatus) }
  })
  return ({ trace }) => ranges.some(({ least, most, subStatus }) => trace.status !== null && trace.status >= least && trace.status <= most && (subStatus === null || trace.subStatus === subStatus))
}

function pathLike (text: string): Filter {
  const path = ({ trace }: TraceFile): string => trace.url.replace(/^[a-z]+:\/\/[^/?]*/i, '').split('?')[0] as string
  if (!text.includes('*')) return file => path(file).startsWith(text)
  const [pattern] = patternsIn(text.replaceAll(',', '\\,')) as [RegExp]
  return file => pattern.test(path(file))
}

function foundAs (text: string): Filter {
  const codes = text.split(',').map(code => code.trim().toUpperCase().replaceAll('-', '_'))
  for (const code of codes) {
    if (Object.hasOwn(FINDINGS, code) || code.includes('*')) continue
    const meant = nearest(code, Object.keys(FINDINGS))
    throw new AskingError(`there is no finding ${code}${meant === null ? '' : `: did you mean ${meant}?`}`)
  }
  const patterns = codes.flatMap(patternsIn)
  return ({ findings }) => findings.some(({ code }) => patterns.some(pattern => pattern.test(code)))
}

/** `Name=text`, where any event has a value of this name, compared without case. */
function whereValue (text: string): Filter {
  const mark = text.indexOf('=')
  if (mark < 1) throw new AskingError(`--where "${text}" is not name=text`)
  const name = text.slice(0, mark).toLowerCase()
  const patterns = patternsIn(text.slice(mark + 1))
  return ({ trace }) => trace.events.some(({ data }) => Object.entries(data).some(([key, value]) => key.toLowerCase() === name && patterns.some(pattern => pattern.test(String(value)))))
}

/** `*` stands for anything, commas separate several; without case. */
function patternsIn (text: string): RegExp[] {
  return text.split(/(?<!\\),/).map(one => new RegExp(`^${one.trim().replaceAll('\\,', ',').split('*').map(part => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`, 'is'))
}
