// How is a body rewritten while it passes?

import { Duplex, pipeline, Transform, type TransformCallback } from 'node:stream'
import { constants, createBrotliCompress, createBrotliDecompress, createDeflate, createGunzip, createGzip, createInflate } from 'node:zlib'
import { rewriteInput, type BodyRule } from './outbound.ts'
import { capturesAt } from './pattern.ts'
import { TagReader } from './tags.ts'
import type { TagRule, TextRule } from './compile-outbound.ts'
import type { State } from './exchange.ts'

/** How bodies are treated. */
export interface BodyPolicy {
  /** The most bytes that are held for rules without tags. */
  readonly limit: number
  /** Told where a body was larger and passed unchanged. */
  readonly tooLarge: () => void
  /** Whether text is UTF-8; else it is taken byte by byte. */
  readonly utf8: boolean
}

/** Rewrites one body; a fresh one for each. */
export class Body extends Transform {
  readonly #rules: readonly BodyRule[]
  readonly #state: State
  readonly #policy: BodyPolicy
  /** How often each rule may still act. */
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
    this.#reader = rules.every(rule => rule.target === 'tags') ? this.#readerFor(rules) : null
  }

  override _transform (chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#passing) return done(null, chunk)
    if (this.#reader !== null) return done(null, Buffer.from(this.#reader.push(chunk.toString('latin1')), 'latin1'))
    this.#held.push(chunk)
    this.#size += chunk.length
    if (this.#size > this.#policy.limit) {
      this.#policy.tooLarge()
      this.#passing = true
      for (const held of this.#held.splice(0)) this.push(held)
    }
    done()
  }

  override _flush (done: TransformCallback): void {
    if (this.#reader !== null) return done(null, Buffer.from(this.#reader.end(), 'latin1'))
    if (this.#passing) return done()
    // Latin-1 keeps every byte what it is, whatever the text's real encoding.
    let text = Buffer.concat(this.#held).toString('latin1')
    for (let at = 0; at < this.#rules.length; at++) {
      const rule = this.#rules[at] as BodyRule
      if (rule.target === 'tags') {
        const run = this.#rules.slice(at).findIndex(next => next.target === 'text')
        const tags = run === -1 ? this.#rules.slice(at) : this.#rules.slice(at, at + run)
        const reader = this.#readerFor(tags)
        text = reader.push(text) + reader.end()
        at += tags.length - 1
      } else {
        const next = this.#replace(text, rule)
        const acted = next !== null
        text = next ?? text
        if (acted && rule.stop) break
      }
    }
    done(null, Buffer.from(text, 'latin1'))
  }

  #readerFor (rules: readonly BodyRule[]): TagReader {
    const tags = rules as readonly TagRule[]
    const wanted = new Map<string, Set<string>>()
    for (const rule of tags) for (const [tag, attributes] of rule.tags) wanted.set(tag, new Set([...wanted.get(tag) ?? [], ...attributes]))
    return new TagReader(wanted, (tag, attribute, value) => {
      const text = this.#decode(value)
      const next = this.#attribute(tags, tag, attribute, text)
      return next === text ? value : this.#encode(next)
    })
  }

  /** What comes out of one rule is what the next one sees. */
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
  #replace (latin1: string, rule: TextRule): string | null {
    const text = this.#decode(latin1)
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
    }
    return acted ? this.#encode(out + text.slice(copied)) : null
  }

  #decode (latin1: string): string {
    return this.#policy.utf8 ? Buffer.from(latin1, 'latin1').toString('utf8') : latin1
  }

  #encode (text: string): string {
    return this.#policy.utf8 ? Buffer.from(text, 'utf8').toString('latin1') : text
  }
}

// Flushed after each piece: a page that is sent bit by bit arrives bit by bit.
const gzip = { flush: constants.Z_SYNC_FLUSH }
const brotli = { flush: constants.BROTLI_OPERATION_FLUSH, params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }

const CODINGS: Readonly<Record<string, readonly [() => Transform, () => Transform]>> = {
  gzip: [() => createGunzip(), () => createGzip(gzip)],
  'x-gzip': [() => createGunzip(), () => createGzip(gzip)],
  deflate: [() => createInflate(), () => createDeflate(gzip)],
  br: [() => createBrotliDecompress(), () => createBrotliCompress(brotli)]
}

/** Whether bodies of this content coding can be read. */
export const isReadable = (coding: string): boolean => coding === '' || coding === 'identity' || Object.hasOwn(CODINGS, coding)

/** The body's rewriting with its coding undone before and done again after. */
export function throughCoding (coding: string, body: Transform): Duplex {
  const pair = CODINGS[coding]
  if (pair === undefined) return body
  const [decode, encode] = [pair[0](), pair[1]()]
  // An error in one destroys all three, and with them what is made of them.
  pipeline(decode, body, encode, () => {})
  return Duplex.from({ writable: decode, readable: encode })
}
