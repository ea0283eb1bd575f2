// How is a body rewritten while it passes?

import { isUtf8 } from 'node:buffer'
import { Transform, type TransformCallback } from 'node:stream'
import { BodyError } from '../errors.ts'
import { capturesAt } from '../expressions/pattern.ts'
import { rewriteInput } from './rewrite-input.ts'
import { TagReader } from './tags.ts'
import { inTurns } from './turns.ts'
import type { State } from '../request/state.ts'
import type { BodyRule, TagRule, TextRule } from './compiled-outbound.ts'

/** How bodies are treated. */
export interface BodyPolicy {
  /** The most bytes that are buffered for rules without tags. */
  readonly limit: number
  /** Called where a body was larger and passed unchanged. */
  readonly tooLarge: () => void
  /** Called where a search took too long and the body passed unchanged. */
  readonly tooSlow: () => void
  /** Whether text is read as UTF-8 where its bytes are valid UTF-8; otherwise it is read byte by byte. */
  readonly utf8: boolean
}

/** The time limit for all searches in one body together, ms: each takes time in proportion to the body, and there is one for each match and each rule. */
export const LONGEST_SEARCH = 5_000

/** Rewrites one body. */
export class Body extends Transform {
  readonly #rules: readonly BodyRule[]
  readonly #state: State
  readonly #policy: BodyPolicy
  /** How many matches each rule may still rewrite. */
  readonly #left: Map<BodyRule, number>
  /** Reads tags as they pass; null where a rule needs the whole text. */
  readonly #reader: TagReader | null
  #held: Buffer[] = []
  #size = 0
  #passing = false

  constructor (rules: readonly BodyRule[], state: State, policy: BodyPolicy) {
    super()
    this.#rules = rules
    this.#state = state
    this.#policy = policy
    this.#left = new Map(rules.map(rule => [rule, rule.occurrences]))
    this.#reader = rules.every(rule => rule.target === 'tags') ? this.#readerFor(rules, policy.utf8) : null
  }

  override _transform (chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#carefully(done, () => this.#take(chunk))
  }

  override _flush (done: TransformCallback): void {
    if (this.#reader !== null) return this.#carefully(done, () => Buffer.from((this.#reader as TagReader).end(), 'latin1'))
    if (this.#passing) return done()
    const bytes = Buffer.concat(this.#held)
    inTurns(this.#whole(bytes), LONGEST_SEARCH, () => !this.destroyed, ended => {
      if (ended === null) this.#policy.tooSlow()
      if (ended !== null && 'error' in ended) done(new BodyError({ cause: ended.error }))
      else done(null, ended?.result ?? bytes)
    })
  }

  /** An error thrown from a stream's method would end the process; here it ends the response. */
  #carefully (done: TransformCallback, work: () => Buffer | undefined): void {
    let out: Buffer | undefined
    try {
      out = work()
    } catch (cause) {
      return done(new BodyError({ cause }))
    }
    done(null, out)
  }

  #take (chunk: Buffer): Buffer | undefined {
    if (this.#passing) return chunk
    if (this.#reader !== null) return Buffer.from(this.#reader.push(chunk.toString('latin1')), 'latin1')
    this.#held.push(chunk)
    this.#size += chunk.length
    if (this.#size > this.#policy.limit) {
      this.#policy.tooLarge()
      this.#passing = true
      for (const held of this.#held.splice(0)) this.push(held)
    }
    return undefined
  }

  /** Rewrites a buffered body. Yields after each match and each rule, so that other work can be done in between. */
  * #whole (bytes: Buffer): Generator<void, Buffer> {
    // Decided before the first rule: afterwards the text is a mix of received bytes and inserted text.
    const utf8 = this.#policy.utf8 && isUtf8(bytes)
    // Latin-1 preserves every byte, whatever the text's encoding is.
    let text = bytes.toString('latin1')
    for (let at = 0; at < this.#rules.length; at++) {
      const rule = this.#rules[at] as BodyRule
      if (rule.target === 'tags') {
        const run = this.#rules.slice(at).findIndex(next => next.target === 'text')
        const tags = run === -1 ? this.#rules.slice(at) : this.#rules.slice(at, at + run)
        const reader = this.#readerFor(tags, utf8)
        text = reader.push(text) + reader.end()
        at += tags.length - 1
      } else {
        const next = yield * this.#replace(text, rule, utf8)
        const acted = next !== null
        text = next ?? text
        if (acted && rule.stop) break
      }
      yield
    }
    return Buffer.from(text, 'latin1')
  }

  #readerFor (rules: readonly BodyRule[], utf8: boolean): TagReader {
    const tags = rules as readonly TagRule[]
    const wanted = new Map<string, Set<string>>()
    for (const rule of tags) for (const [tag, attributes] of rule.tags) wanted.set(tag, new Set([...wanted.get(tag) ?? [], ...attributes]))
    return new TagReader(wanted, (tag, attribute, value) => {
      // A streamed body is never known as a whole, but an attribute's value is: it decides for itself.
      const own = utf8 && isUtf8(Buffer.from(value, 'latin1'))
      const text = decode(value, own)
      const next = this.#attribute(tags, tag, attribute, text)
      return next === text ? value : encode(next, own, character => `&#${character.codePointAt(0)};`)
    })
  }

  /** Applies the rules in order: each sees the value that those before it have made. */
  #attribute (rules: readonly TagRule[], tag: string, attribute: string, value: string): string {
    let text = value
    for (const rule of rules) {
      const left = this.#left.get(rule) as number
      if (left <= 0 || rule.tags.get(tag)?.has(attribute) !== true) continue
      const next = rewriteInput(rule, rule.matcher(text), this.#state)
      if (next === null) continue
      this.#left.set(rule, left - 1)
      text = next ?? text
      if (rule.stop) break
    }
    return text
  }

  /** The body with every match replaced, or null where there was none. */
  * #replace (latin1: string, rule: TextRule, utf8: boolean): Generator<void, string | null> {
    const text = decode(latin1, utf8)
    let out = ''
    let from = 0
    let copied = 0
    let acted = false
    for (let left = rule.occurrences; left > 0;) {
      const spans = rule.search.spans(text, from)
      if (spans === null) break
      const [start, end] = spans as [number, number]
      const next = rewriteInput(rule, capturesAt(text, spans), this.#state)
      if (next !== null) {
        acted = true
        left--
        out += text.slice(copied, start) + (next ?? text.slice(start, end))
        copied = end
      }
      from = end > start ? end : end + 1
      if (from > text.length) break
      yield
    }
    return acted ? encode(out + text.slice(copied), utf8, () => '?') : null
  }
}

const decode = (latin1: string, utf8: boolean): string => utf8 ? Buffer.from(latin1, 'latin1').toString('utf8') : latin1

// eslint-disable-next-line no-control-regex
const NO_BYTE = /[^\x00-\xff]/gu

/** Text as bytes. A character without a byte must not become the byte of another character, such as a quote. */
const encode = (text: string, utf8: boolean, missing: (character: string) => string): string =>
  utf8 ? Buffer.from(text, 'utf8').toString('latin1') : text.replace(NO_BYTE, missing)
