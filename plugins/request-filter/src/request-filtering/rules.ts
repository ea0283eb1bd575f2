// What do the rules of one's own refuse? Texts in the path, the query or the headers.
import type { FastifyRequest } from 'fastify'
import type { Check, Refusal } from '../filter/check.ts'
import { booleanAt, objectAt, textsAt } from '../filter/shape.ts'
import { hasBarePercent } from '../url/decode.ts'
import { fold } from '../url/fold.ts'
import type { Target } from '../url/target.ts'
import type { CompileFiltering } from './compile-filtering.ts'
import { allValuesOf, headerLines } from './header-values.ts'
import { extensionOf, inFront, isExtension } from './names.ts'
import { RULE_KEYS } from './options.ts'
import { foundIn } from './sequences.ts'

export const compileRules: CompileFiltering = ({ filteringRules = [], unescapeQueryString }, above, mistakes) => {
  const at = `${above}.filteringRules`
  if (!Array.isArray(filteringRules)) {
    mistakes.push(`\`${at}\` must be a list`)
    return null
  }
  const rules = filteringRules.map((rule: unknown, index) => compileRule(rule, unescapeQueryString !== false, `${at}[${index}]`, mistakes))
  if (rules.length === 0) return null
  return asked => {
    for (const rule of rules) {
      const refusal = rule(asked)
      if (refusal !== null) return refusal
    }
    return null
  }
}

function compileRule (value: unknown, unescape: boolean, at: string, mistakes: string[]): Check {
  const rule = objectAt(value, RULE_KEYS, at, mistakes) ?? {}
  const { name } = rule
  if (typeof name !== 'string' || name === '') mistakes.push(`\`${at}.name\` must be a text that is not empty`)
  const is = (key: string, fallback: boolean): boolean => booleanAt(rule[key], fallback, `${at}.${key}`, mistakes)
  const texts = (key: string): readonly string[] => textsAt(rule[key], `${at}.${key}`, mistakes)
  const scanUrl = is('scanUrl', false)
  const scanQuery = is('scanQueryString', false)
  const scanAllRaw = is('scanAllRaw', false)
  const denyPercent = is('denyUnescapedPercent', true)
  // UrlScan wrote them with a colon.
  const headers = texts('scanHeaders').map(header => header.toLowerCase().replace(/:$/, ''))
  const denied = texts('denyStrings').map(fold)
  const appliesTo = texts('appliesTo')
  for (const extension of appliesTo) if (!isExtension(extension)) mistakes.push(`\`${at}.appliesTo\` has ${JSON.stringify(extension)}, which is no extension: it must begin with its only dot`)
  const extensions = new Set(appliesTo.map(fold))
  const isOne = (extension: string): boolean => extension !== '.' && extensions.has(extension)
  const refusal: Refusal = { reason: 'filteringRules', statusCode: 404, subStatusCode: 19, detail: String(name) }

  const isIn = (raw: string, readings: readonly string[]): boolean => (denyPercent && hasBarePercent(raw)) || foundIn(readings, denied) !== null
  return ({ request, target }) => {
    if (extensions.size > 0 && !target.readings.resolved.some(reading => isOne(extensionOf(reading)) || inFront(reading, isOne) !== null)) return null
    if (scanUrl && isIn(target.rawPath, target.texts)) return refusal
    if (scanQuery && target.rawQuery !== '' && isIn(target.rawQuery, queriesOf(target, unescape))) return refusal
    if (headers.length > 0 && headers.some(header => hasValue(request.raw, header, value => isIn(value, [fold(value)])))) return refusal
    if (scanAllRaw) {
      const lines = headerLines(request.raw)
      if (isIn(lines, [fold(lines)])) return refusal
    }
    return null
  }
}

const queriesOf = ({ queries }: Target, unescape: boolean): readonly string[] => unescape ? queries : queries.slice(0, 1)

function hasValue (raw: FastifyRequest['raw'], header: string, is: (value: string) => boolean): boolean {
  const values = allValuesOf(raw, header)
  return values.some(is)
}
