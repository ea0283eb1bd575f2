// How long may a request be? The limits on its body, its path, its query and its headers.
import { countAt, objectAt, tableAt } from '../filter/shape.ts'
import type { CompileFiltering } from './compile-filtering.ts'
import { allValuesOf } from './header-values.ts'
import { LIMIT_KEYS, type RequestLimits } from './options.ts'

// IIS's defaults.
const BODY = 30_000_000
const URL = 4_096
const QUERY = 2_048

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

export const compileLimits: CompileFiltering = ({ requestLimits = {} }, above, mistakes) => {
  const at = `${above}.requestLimits`
  const limits = objectAt(requestLimits, LIMIT_KEYS, at, mistakes) ?? {}
  const maxBody = countAt(limits.maxAllowedContentLength, BODY, `${at}.maxAllowedContentLength`, mistakes)
  const maxUrl = countAt(limits.maxUrl, URL, `${at}.maxUrl`, mistakes)
  const maxQuery = countAt(limits.maxQueryString, QUERY, `${at}.maxQueryString`, mistakes)
  const table = tableAt(limits.headerLimits, isCount, 'a whole number of bytes, 0 or more', `${at}.headerLimits`, mistakes)
  const headers = [...table].map(([name, most]) => ({ name: name.toLowerCase(), most }))

  return ({ request: { raw }, target }) => {
    const announced = raw.headers['content-length']
    // IIS 8 and later log 413.1; IIS 7 logged 404.13.
    if (announced !== undefined && Number(announced) > maxBody) return { reason: 'maxAllowedContentLength', statusCode: 413, subStatusCode: 1, detail: `${Number(announced)} bytes` }
    // A status of its own to IIS, and no substatus of 404.
    for (const { name, most } of headers) if (lengthOf(allValuesOf(raw, name)) > most) return { reason: 'headerLimits', statusCode: 431, subStatusCode: 0, detail: name }
    if (target.rawPath.length > maxUrl) return { reason: 'maxUrl', statusCode: 404, subStatusCode: 14, detail: `${target.rawPath.length} bytes` }
    if (target.rawQuery.length > maxQuery) return { reason: 'maxQueryString', statusCode: 404, subStatusCode: 15, detail: `${target.rawQuery.length} bytes` }
    return null
  }
}

/** The limit on bodies that a part of the options has; undefined where it has none, or is refused anyhow. */
export function bodyLimitOf (value: unknown): number | undefined {
  const { requestLimits }: { readonly requestLimits?: RequestLimits } = Object(value)
  const { maxAllowedContentLength = BODY }: RequestLimits = Object(requestLimits)
  return maxAllowedContentLength
}

/** As one header, which is how servers join those of one name. */
function lengthOf (values: readonly string[]): number {
  let length = 0
  for (const value of values) length += value.length + (length === 0 ? 0 : ', '.length)
  return length
}
