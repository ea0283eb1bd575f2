// What is asked of an action? Read from its JSON, property by property; all mistakes are told at once.
import { InvalidQuestionError } from '../errors.ts'
import { isId, LONGEST_FILTER } from '../streaming/readers.ts'

/** What a property must be. */
export interface Expected<Value> {
  /** The rest of the sentence that begins with its name. */
  readonly must: string
  readonly is: (value: unknown) => value is Value
  /** Where it is not given; a property without is needed. */
  readonly otherwise?: Value
}

/** Reads a body, or throws InvalidQuestionError with a sentence for each mistake. */
export function readBody<Body extends object> (body: unknown, expected: { readonly [Name in keyof Body]: Expected<Body[Name]> }): Body {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new InvalidQuestionError('The body must be an object of JSON.')
  const mistakes: string[] = []
  const read: Record<string, unknown> = {}
  for (const name of Object.keys(body)) if (!Object.hasOwn(expected, name)) mistakes.push(`\`${name}\` is not known; there are ${Object.keys(expected).join(', ')}.`)
  for (const [name, { must, is, otherwise }] of Object.entries<Expected<unknown>>(expected)) {
    const value = Object.hasOwn(body, name) ? (body as Record<string, unknown>)[name] : otherwise
    if (is(value)) read[name] = value
    else mistakes.push(`\`${name}\` must be ${must}.`)
  }
  if (mistakes.length > 0) throw new InvalidQuestionError(mistakes.join(' '))
  return read as Body
}

const MOST_IDS = 1000

export const IDS: Expected<readonly string[]> = {
  must: `a list of at most ${MOST_IDS} names of WebSockets`,
  is: (value): value is readonly string[] => Array.isArray(value) && value.length <= MOST_IDS && value.every(isId)
}

/** Those that an endpoint may send (RFC 6455 §7.4). */
export const CODE: Expected<number> = {
  must: 'a close code that may be sent: 1000 to 1003, 1007 to 1014, or 3000 to 4999',
  is: (value): value is number => typeof value === 'number' && Number.isInteger(value) && ((value >= 1000 && value <= 1003) || (value >= 1007 && value <= 1014) || (value >= 3000 && value <= 4999)),
  otherwise: 1000
}

/** Bytes: a control frame has 125, and the code takes two of them (RFC 6455 §5.5). */
const LONGEST_REASON = 123

export const REASON: Expected<string> = {
  must: `a text of at most ${LONGEST_REASON} bytes`,
  is: (value): value is string => typeof value === 'string' && Buffer.byteLength(value) <= LONGEST_REASON,
  otherwise: ''
}

/** The empty one means all, and must be given, too. */
export const FILTER: Expected<string> = text(LONGEST_FILTER)

export const NAME: Expected<string> = {
  must: 'a name of at most 256 characters',
  is: (value): value is string => typeof value === 'string' && value !== '' && value.length <= 256
}

/** One of some words. */
export function oneOf<Word extends string> (...words: readonly Word[]): Expected<Word> {
  return { must: `one of ${words.join(', ')}`, is: (value): value is Word => (words as readonly unknown[]).includes(value) }
}

export const METHOD: Expected<string> = {
  must: 'a method, such as GET',
  is: (value): value is string => typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]{1,32}$/.test(value),
  otherwise: 'GET'
}

export const URL_OR_PATH: Expected<string> = {
  must: 'a path that begins with a slash, or a URL of http or https, of at most 8192 characters',
  is: (value): value is string => typeof value === 'string' && value.length <= 8192 && /^(?:\/|https?:\/\/)\S*$/i.test(value)
}

export const HEADERS: Expected<Readonly<Record<string, string>>> = {
  must: 'an object of at most 100 headers, each a text of at most 8192 characters',
  is: (value): value is Readonly<Record<string, string>> => typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length <= 100 &&
    Object.entries(value).every(([name, text]) => /^[\w!#$%&'*+.^`|~-]{1,256}$/.test(name) && typeof text === 'string' && text.length <= 8192 && !/[\r\n\0]/.test(text)),
  otherwise: {}
}

function text (longest: number): Expected<string> {
  return { must: `a text of at most ${longest} characters`, is: (value): value is string => typeof value === 'string' && value.length <= longest }
}
