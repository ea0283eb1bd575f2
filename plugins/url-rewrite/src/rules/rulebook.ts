// What do all the rules together say of a request, and of its answer? The options, compiled; replaced as a whole.

import { InvalidOptionsError } from '../errors.ts'
import { FileWanted } from '../expressions/conditions.ts'
import { storyteller } from '../inbound/explain.ts'
import { kindOf } from '../inbound/files.ts'
import { run, stateAfter } from '../inbound/run.ts'
import { checkNames, type UrlRewriteOptions } from '../options.ts'
import { rewriteResponse, type ResponseChange, type ResponseHead } from '../outbound/response.ts'
import { exchangeOf, imagine, type Exchange } from '../request/exchange.ts'
import { compileOptions, type Compiled } from './compile-options.ts'
import type { Explanation, Outcome } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import type { RuleSet } from '../inbound/compiled-rule.ts'
import type { FileKind } from '../request/state.ts'
import type { Rule } from './rule.ts'

/** A request that never came; what is not given is a plain `GET /` for `localhost` on port 80. */
export type Imagined = Partial<Exchange>

/** What the rules said, with its story where somebody wants it. */
export interface Verdict {
  readonly outcome: Outcome | null
  readonly explanation: Explanation | null
}

/** The rules of one set of options, ready to be asked. */
export class Rulebook {
  readonly #options: UrlRewriteOptions
  readonly #compiled: Compiled
  readonly #fixed: RuleSet | null
  readonly #given = new WeakMap<readonly Rule[], RuleSet>()
  /** The first rule that leads to another server, with its place; undefined where none does. */
  readonly firstAbsolute: string | undefined
  /** Whether there is any rule for answers. */
  readonly looksAtAnswers: boolean

  /** @throws FST_ARR_URL_REWRITE_INVALID_OPTIONS, with every mistake. */
  constructor (options: UrlRewriteOptions) {
    const { rules, documentRoot } = options
    this.#options = options
    const { compiled, fixed } = withoutMistakes(tell => {
      checkNames(options, tell)
      const compiled = compileOptions(options, documentRoot !== undefined, tell)
      return { compiled, fixed: typeof rules === 'function' || rules === undefined ? null : compiled.compileMore(rules, tell) }
    })
    this.#compiled = compiled
    this.#fixed = fixed
    this.firstAbsolute = compiled.firstAbsolute(fixed)
    this.looksAtAnswers = options.outboundRules !== undefined || options.siteOutboundRules !== undefined
  }

  /** What becomes of a request; a promise only where a rule asks about a file. */
  outcomeOf (request: FastifyRequest, withStory: boolean): Verdict | Promise<Verdict> {
    return this.#ask(exchangeOf(request, this.#rootOf(request)), this.#rulesOf(request), withStory, null)
  }

  /** The story of a request that came, or of one that might. */
  async explain (request: FastifyRequest | Imagined): Promise<Explanation> {
    const { documentRoot } = this.#options
    const told = await ('raw' in request
      ? this.outcomeOf(request, true)
      : this.#ask(imagine(request, typeof documentRoot === 'string' ? documentRoot : ''), this.#fixed, true, null))
    return told.explanation as Explanation
  }

  /** What the outbound rules change in an answer; undefined where they change nothing. */
  answerOf (request: FastifyRequest, response: ResponseHead, method = request.method): ResponseChange | undefined {
    if (!this.looksAtAnswers) return undefined
    const exchange = exchangeOf(request, this.#rootOf(request))
    const outbound = this.#compiled.outboundFor(exchange.siteName)
    if (outbound.length === 0) return undefined
    const state = stateAfter(exchange, request.rewrite)
    if (state === null) return undefined
    const passed = (why: string): void => request.log.warn({ url: request.url }, `outbound rules could not look into a body: ${why}`)
    return rewriteResponse(outbound, state, response, { method, limit: this.#options.outboundBufferLimit ?? 4_194_304, passed })
  }

  /** At once; where a rule asks about a file, the disk is asked and the rules begin again. */
  #ask (exchange: Exchange, own: RuleSet | null, withStory: boolean, files: Map<string, FileKind> | null): Verdict | Promise<Verdict> {
    const sets = this.#compiled.setsFor(exchange.siteName, own)
    const story = withStory ? storyteller() : undefined
    try {
      const outcome = run(sets, exchange, files, story)
      return { outcome, explanation: story?.tell(exchange, outcome) ?? null }
    } catch (error) {
      if (!(error instanceof FileWanted)) throw error
      const known = files ?? new Map<string, FileKind>()
      return kindOf(error.path).then(kind => this.#ask(exchange, own, withStory, known.set(error.path, kind)))
    }
  }

  #rulesOf (request: FastifyRequest): RuleSet | null {
    const { rules } = this.#options
    if (typeof rules !== 'function') return this.#fixed
    const list = rules(request)
    if (list === undefined) return null
    let set = this.#given.get(list)
    if (set === undefined) {
      set = withoutMistakes(tell => this.#compiled.compileMore(list, tell)) as RuleSet
      this.#given.set(list, set)
    }
    return set
  }

  #rootOf (request: FastifyRequest): string {
    const { documentRoot } = this.#options
    return (typeof documentRoot === 'function' ? documentRoot(request) : documentRoot) ?? ''
  }
}

/** Compiles; all mistakes come out in one error. */
function withoutMistakes<Result> (compile: (tell: (mistake: string) => void) => Result): Result {
  const mistakes: string[] = []
  const result = compile(mistake => { mistakes.push(mistake) })
  if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.map(mistake => `- ${mistake}`).join('\n'))
  return result
}
