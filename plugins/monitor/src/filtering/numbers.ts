// Which numbers are meant? `404`, `5xx`, `400-499`, `>100`, `>=2s`, several with commas.

/** True for a number that is meant. */
export type NumberTest = (value: number) => boolean

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 }
const AMOUNT = /^(\d{1,15}(?:\.\d{0,6})?)(ms|s|m|min|h|d)?$/
const COMPARED = /^([<>]=?|=)(.*)$/

/** Numbers of three or four digits: fewer digits are the beginning of one that is still being typed. */
export function codes (text: string): NumberTest {
  return anyOf(text, part => {
    const digits = /^\d{1,5}$/.test(part) ? part : null
    if (digits !== null && digits.length < 3) return value => String(value).startsWith(digits)
    const hundred = /^(\d{1,3})xx?$/.exec(part)?.[1]
    if (hundred !== undefined) return value => String(value).startsWith(hundred)
    return null
  }, value => wanted => wanted === value)
}

/** Durations in ms, or with a unit: a number alone means at least so long. */
export function durations (text: string): NumberTest {
  return anyOf(text, () => null, value => wanted => wanted >= value)
}

function anyOf (text: string, special: (part: string) => NumberTest | null, plain: (value: number) => NumberTest): NumberTest {
  const tests = text.toLowerCase().split(',').filter(part => part !== '').map(part => special(part) ?? compared(part, plain))
  if (tests.length === 0) return () => true
  return value => {
    for (const test of tests) if (test(value)) return true
    return false
  }
}

function compared (part: string, plain: (value: number) => NumberTest): NumberTest {
  const [, sign, rest = ''] = COMPARED.exec(part) ?? []
  if (sign !== undefined) {
    // Nothing behind the sign yet: all are shown until there is.
    if (rest === '') return () => true
    const limit = amount(rest)
    if (sign === '>') return value => value > limit
    if (sign === '>=') return value => value >= limit
    if (sign === '<') return value => value < limit
    if (sign === '<=') return value => value <= limit
    return value => value === limit
  }
  const hyphen = part.indexOf('-')
  if (hyphen < 0) return plain(amount(part))
  const low = amount(part.slice(0, hyphen))
  const high = hyphen === part.length - 1 ? Infinity : amount(part.slice(hyphen + 1))
  return value => value >= low && value <= high
}

/** NaN, which is like no number, for what is none. */
function amount (text: string): number {
  const [, digits, unit = 'ms'] = AMOUNT.exec(text) ?? []
  return digits === undefined ? NaN : Number(digits) * (UNITS[unit] as number)
}
