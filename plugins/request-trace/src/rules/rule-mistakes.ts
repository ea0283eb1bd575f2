// What is wrong with a rule? All mistakes, a sentence for each.
import { BlockList } from 'node:net'
import { unknownOptions } from '../known-options.ts'
import type { OnDemandOptions, PayloadOptions, TraceRule, WebSocketTrigger } from '../options.ts'
import { AREAS, LEVELS } from '../trace/events.ts'
import { addNetwork } from './clients.ts'
import { isCount, isName, isRecord, isText } from './kinds.ts'
import { readCodes, readStatuses } from './numbers.ts'

const RULE: Readonly<Record<keyof TraceRule, true>> = {
  path: true,
  site: true,
  areas: true,
  statusCodes: true,
  timeTaken: true,
  verbosity: true,
  webSocket: true,
  sample: true,
  onDemand: true,
  clients: true,
  payloads: true
}
const WEB_SOCKET: Readonly<Record<keyof WebSocketTrigger, true>> = { closeCodes: true, endings: true, shorterThan: true, neverSpoke: true, refused: true }
const ON_DEMAND: Readonly<Record<keyof OnDemandOptions, true>> = { header: true, query: true, secret: true }
const PAYLOADS: Readonly<Record<keyof PayloadOptions, true>> = { maxBytes: true }

const TRIGGER_LEVELS = ['CriticalError', 'Error', 'Warning']
const ENDINGS = ['reset', 'timeout', 'drain']
const SHORTEST_SECRET = 16
const HEADER = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Headers that the proxy, or Node itself, lives by: they cannot be taken out of a request. */
const NEEDED = /^(?:host|connection|upgrade|content-length|transfer-encoding|content-type|expect|te|trailer|sec-websocket-.*)$/i

type Check = (name: string, isRight: (value: unknown) => boolean, kind: string) => void

/** `at`: where the rule is, e.g. `rules[0]`. */
export function mistakesInRule (rule: Record<string, unknown>, at: string): string[] {
  const mistakes = unknownOptions(rule, Object.keys(RULE)).map(text => `\`${at}\`: ${text}`)
  const check = checker(rule, at, mistakes)
  check('path', value => isName(value) && !/[?#]/.test(value), 'a path with `*` for any letters')
  check('site', isName, 'a name')
  check('statusCodes', value => isText(value) && readStatuses(value) !== null, 'a list of statuses such as 404.13,500-599')
  check('timeTaken', value => isCount(value, 0), 'a whole number of ms')
  check('verbosity', value => TRIGGER_LEVELS.includes(value as string), `one of ${TRIGGER_LEVELS.join(', ')}`)
  check('sample', value => isCount(value, 1), 'a whole number from 1')
  check('clients', value => Array.isArray(value) && value.every(one => isText(one) && addNetwork(new BlockList(), one)), 'a list of IP addresses and networks such as 10.0.0.0/8')
  check('areas', isRecord, 'an object')
  if (isRecord(rule.areas)) {
    mistakes.push(...unknownOptions(rule.areas, Object.keys(AREAS)).map(text => `\`${at}.areas\`: ${text}`))
    for (const [area, level] of Object.entries(rule.areas)) {
      if (area in AREAS && !(isText(level) && Object.hasOwn(LEVELS, level))) mistakes.push(`\`${at}.areas.${area}\` must be one of ${Object.keys(LEVELS).join(', ')}`)
    }
  }
  const inside = (name: 'webSocket' | 'onDemand' | 'payloads', known: readonly string[], checkAll: (check: Check, value: Record<string, unknown>) => void) => {
    check(name, isRecord, 'an object')
    const value = rule[name]
    if (!isRecord(value)) return
    const place = `${at}.${name}`
    mistakes.push(...unknownOptions(value, known).map(text => `\`${place}\`: ${text}`))
    checkAll(checker(value, place, mistakes), value)
  }
  inside('webSocket', Object.keys(WEB_SOCKET), check => {
    check('closeCodes', value => isText(value) && readCodes(value) !== null, 'a list of close codes such as 1002-1015,none')
    check('endings', value => Array.isArray(value) && value.every(one => ENDINGS.includes(one)), `a list of ${ENDINGS.join(', ')}`)
    check('shorterThan', value => isCount(value, 1), 'a whole number of ms')
    check('neverSpoke', value => typeof value === 'boolean', 'true or false')
    check('refused', value => typeof value === 'boolean', 'true or false')
  })
  inside('onDemand', Object.keys(ON_DEMAND), (check, value) => {
    check('header', name => isText(name) && HEADER.test(name) && !NEEDED.test(name), 'the name of a header of its own')
    check('query', isName, "a parameter's name")
    if (value.header === undefined && value.query === undefined) mistakes.push(`\`${at}.onDemand\` must have a \`header\` or a \`query\``)
    if (!isText(value.secret) || value.secret.length < SHORTEST_SECRET) mistakes.push(`\`${at}.onDemand.secret\` must be a text of at least ${SHORTEST_SECRET} characters`)
  })
  inside('payloads', Object.keys(PAYLOADS), (_, { maxBytes }) => {
    if (!isCount(maxBytes, 1, 65_536)) mistakes.push(`\`${at}.payloads.maxBytes\` must be a whole number from 1 to 65536`)
  })
  return mistakes
}

function checker (options: Record<string, unknown>, at: string, mistakes: string[]): Check {
  return (name, isRight, kind) => {
    if (options[name] !== undefined && !isRight(options[name])) mistakes.push(`\`${at}.${name}\` must be ${kind}`)
  }
}
