// What is wrong with the options? All mistakes, a sentence for each.
import { unknownOptions } from '../known-options.ts'
import type { MemoryOptions, RedactOptions, RequestTraceOptions } from '../options.ts'
import { mistakesInRule } from './rule-mistakes.ts'
import { isCount, isName, isRecord, isTextList } from './kinds.ts'

// Records, so that a missing key is a compile error.
const OPTIONS: Readonly<Record<keyof RequestTraceOptions, true>> = {
  rules: true,
  directory: true,
  maxLogFiles: true,
  maxLogFileSizeKB: true,
  formats: true,
  keep: true,
  memory: true,
  redact: true,
  dangerouslyWriteSecrets: true
}
const MEMORY: Readonly<Record<keyof MemoryOptions, true>> = { total: true, perExchange: true }
const REDACT: Readonly<Record<keyof RedactOptions, true>> = { headers: true, query: true }

/** What one exchange is allowed at the least: its head, as Node takes it by default, has room. */
const LEAST = 16_384
export const DEFAULT_PER_EXCHANGE = 65_536
export const DEFAULT_TOTAL = 33_554_432

export function mistakesIn (options: RequestTraceOptions): string[] {
  const mistakes = unknownOptions(options, Object.keys(OPTIONS))
  const check = (name: keyof RequestTraceOptions, isRight: (value: unknown) => boolean, kind: string) => {
    if (options[name] !== undefined && !isRight(options[name])) mistakes.push(`\`${name}\` must be ${kind}`)
  }
  check('rules', Array.isArray, 'a list')
  check('directory', value => value === null || isName(value), 'a path, or null')
  check('maxLogFiles', value => isCount(value, 1, 10_000), 'a whole number from 1 to 10000')
  check('maxLogFileSizeKB', value => isCount(value, 0, 1_048_576), 'a whole number of KiB from 0 to 1048576')
  check('formats', value => Array.isArray(value) && value.every(one => one === 'html' || one === 'har'), "a list of 'html' and 'har'")
  check('keep', value => isCount(value, 0, 10_000), 'a whole number from 0 to 10000')
  check('memory', isRecord, 'an object')
  check('redact', isRecord, 'an object')
  check('dangerouslyWriteSecrets', value => typeof value === 'boolean', 'true or false')
  if (isRecord(options.memory)) checkMemory(options.memory, mistakes)
  if (isRecord(options.redact)) checkRedact(options.redact, mistakes)
  if (Array.isArray(options.rules)) {
    options.rules.forEach((rule: unknown, index) => {
      if (isRecord(rule)) mistakes.push(...mistakesInRule(rule, `rules[${index}]`))
      else mistakes.push(`\`rules[${index}]\` must be an object`)
    })
  }
  return mistakes
}

function checkMemory (memory: MemoryOptions, mistakes: string[]): void {
  mistakes.push(...unknownOptions(memory, Object.keys(MEMORY)).map(text => `\`memory\`: ${text}`))
  const { perExchange = DEFAULT_PER_EXCHANGE, total = DEFAULT_TOTAL } = memory
  if (!isCount(perExchange, LEAST)) mistakes.push(`\`memory.perExchange\` must be a whole number of bytes, at least ${LEAST}`)
  if (!isCount(total, LEAST)) mistakes.push(`\`memory.total\` must be a whole number of bytes, at least ${LEAST}`)
  else if (isCount(perExchange, LEAST) && total < perExchange) mistakes.push('`memory.total` must be at least as much as `memory.perExchange`')
}

function checkRedact (redact: RedactOptions, mistakes: string[]): void {
  mistakes.push(...unknownOptions(redact, Object.keys(REDACT)).map(text => `\`redact\`: ${text}`))
  for (const name of ['headers', 'query'] as const) {
    if (redact[name] !== undefined && !isTextList(redact[name])) mistakes.push(`\`redact.${name}\` must be a list of names`)
  }
}
