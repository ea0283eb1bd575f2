// What do all the rules together say of a request, and of its answer? The options, compiled; replaced as a whole.

import type { FastifyRequest } from 'fastify'
import { FileWanted } from './conditions.ts'
import { InvalidOptionsError } from './errors.ts'
import { storyteller, type Explanation } from './explain.ts'
import { kindOf } from './files.ts'
import { unknownOptions } from './known-options.ts'
import { compileOptions, type Compiled } from './options.ts'
import { exchangeOf, imagine } from './request-facts.ts'
import { rewriteResponse, type ResponseChange, type ResponseHead } from './response.ts'
import { run, stateAfter, type Outcome } from './run.ts'
import type { RuleSet } from './compiled-rule.ts'
import type { Exchange, FileKind } from './exchange.ts'
import type { OutboundRules, PathRules, RewriteMap, Rule } from './rules.ts'

/** The plugin's options: rule sets as IIS has them, as plain objects. */
export interface UrlRewriteOptions {
  /** Tried first, for every site. Their input is the whole path without its leading slash. Default: none. */
  readonly globalRules?: readonly Rule[]
  /** Tried next. A function gives each request its own list; it must return the same arrays again and again, since each is compiled once. Default: none. */
  readonly rules?: readonly Rule[] | ((request: FastifyRequest) => readonly Rule[] | undefined)
  /** Tried next: the rules of one site, by the name in `request.site`. Default: none. */
  readonly siteRules?: Readonly<Record<string, readonly Rule[]>>
  /** Tried last, the outer directory before the inner: rules whose input is relative to their path. Default: none. */
  readonly pathRules?: readonly PathRules[]
  /** Rules for responses. Default: none. */
  readonly outboundRules?: OutboundRules
  /** Rules for the responses of one site, tried after `outboundRules`, by the name in `request.site`. Default: none. */
  readonly siteOutboundRules?: Readonly<Record<string, OutboundRules>>
  /** The largest body, in bytes after decompression, that a rule without tags may hold to search it; a larger one passes unchanged, with a warning in the log. Default: `4194304`. */
  readonly outboundBufferLimit?: number
  /** The tables for `{Name:key}`. Default: none. */
  readonly rewriteMaps?: readonly RewriteMap[]
  /** The server variables that rules other than global ones may set. Default: `'*'`, any. */
  readonly allowedServerVariables?: readonly string[] | '*'
  /**
   * How what was captured from a path gets into a new URL. `true` is IIS: decoded, then encoded anew, so that `%2F` comes out as `/`.
   * `false` keeps it as the client sent it, byte for byte. Default: `false`.
   */
  readonly useOriginalURLEncoding?: boolean
  /**
   * What happens to a pattern that a client could make run for seconds. `'linear'` runs it under an engine
   * whose time grows with the input alone, and refuses it where that engine cannot; `'refuse'` refuses each. Default: `'linear'`.
   */
  readonly riskyPatterns?: 'linear' | 'refuse'
  /**
   * Whether a request rewritten to a path is routed again, so that the route of the new path answers it; the hooks run again, then.
   * A proxy needs no such thing: it reads `request.rewrite`. Default: `true` where no upstream-proxy is registered.
   */
  readonly reroute?: boolean
  /** Whether rewritten requests bring the upstream the path that was asked for as `X-Original-URL`, as in IIS. Default: `false`. */
  readonly originalUrlHeader?: boolean
  /** The directory that `IsFile`, `IsDirectory` and `{REQUEST_FILENAME}` are about. Default: none; a rule that needs it is an error. */
  readonly documentRoot?: string | ((request: FastifyRequest) => string | undefined)
}

// A record, so that the compiler misses the key that is left out.
const OPTIONS: Readonly<Record<keyof UrlRewriteOptions, true>> = { globalRules: true, rules: true, siteRules: true, pathRules: true, outboundRules: true, siteOutboundRules: true, outboundBufferLimit: true, rewriteMaps: true, allowedServerVariables: true, useOriginalURLEncoding: true, riskyPatterns: true, reroute: true, originalUrlHeader: true, documentRoot: true }

/** A request that never came; what is not given is a plain `GET /` for `localhost` on port 80. */
export type Imagined = Partial<Exchange>

/** What the rules said, with its story where somebody wants it. */
export interface Told {
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
      unknownOptions(options, Object.keys(OPTIONS)).forEach(tell)
      const compiled = compileOptions(options, documentRoot !== undefined, tell)
      return { compiled, fixed: typeof rules === 'function' || rules === undefined ? null : compiled.compileMore(rules, tell) }
    })
    this.#compiled = compiled
    this.#fixed = fixed
    this.firstAbsolute = compiled.firstAbsolute(fixed)
    this.looksAtAnswers = options.outboundRules !== undefined || options.siteOutboundRules !== undefined
  }

  /** What becomes of a request; a promise only where a rule asks about a file. */
  outcomeOf (request: FastifyRequest, withStory: boolean): Told | Promise<Told> {
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
  #ask (exchange: Exchange, own: RuleSet | null, withStory: boolean, files: Map<string, FileKind> | null): Told | Promise<Told> {
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
