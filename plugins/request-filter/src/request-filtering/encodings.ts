// How may a path be encoded?
import { booleanAt } from '../filter/shape.ts'
import type { CompileFiltering } from './compile-filtering.ts'

// eslint-disable-next-line no-control-regex
const NOT_ASCII = /[^\x00-\x7f]/

export const compileEncodings: CompileFiltering = (options, at, mistakes) => {
  const allowDoubleEscaping = booleanAt(options.allowDoubleEscaping, false, `${at}.allowDoubleEscaping`, mistakes)
  const allowHighBitCharacters = booleanAt(options.allowHighBitCharacters, true, `${at}.allowHighBitCharacters`, mistakes)

  return ({ target }) => {
    // IIS takes a `+` for a space when it decodes the path once more, so that a path with one changes.
    if (!allowDoubleEscaping && (!target.isPlain || target.rawPath.includes('+'))) {
      const { steps, deeper } = target.readings
      if (steps.length > 1 || deeper || steps[0]!.includes('+')) return { reason: 'allowDoubleEscaping', statusCode: 404, subStatusCode: 11 }
    }
    if (target.isMalformed) return { reason: 'url', statusCode: 400, subStatusCode: 0 }
    if (!allowHighBitCharacters && !target.isPlain && target.readings.steps.some(step => NOT_ASCII.test(step))) return { reason: 'allowHighBitCharacters', statusCode: 404, subStatusCode: 12 }
    return null
  }
}
