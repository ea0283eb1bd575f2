// What do all rules together make of a request and of its response? The compiled options, replaced as a whole.

import { InvalidOptionsError } from '../errors.ts'
import { FileWanted } from '../expressions/conditions.ts'
import { recorder } from '../inbound/explain.ts'
import { kindOf } from '../inbound/files.ts'
import { run, stateAfter } from '../inbound/run.ts'
import { checkNames, type UrlRewriteOptions } from '../options.ts'
import { rewriteResponse, type ResponseChange, type ResponseHead } from '../outbound/response.ts'
import { exchangeOf, imagine, type Exchange, type RequestLike } from '../request/exchange.ts'
import { checkFolders, foldersBySite, oneFolder, type Folders } from '../request/folders.ts'
import { compileOptions, type Compiled } from './compile-options.ts'
import { quoted } from './mistake-place.ts'
import type { Explanation, Outcome } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import type { RuleSet } from '../inbound/compiled-rule.ts'
import type { FileKind } from '../request/state.ts'
import type { DocumentFolder, Rule } from './rule.ts'

/** A made-up request; what is not given is that of a plain `GET /` for `localhost` on port 80. */
export type Imagined = Partial<Exchange>

/** The outcome of the rules, with its explanation where one is wanted. */
export interface Verdict {
  readonly outcome: Outcome | null
  readonly explanation: Explanation | null
}

/** The compiled rules of one set of options. */
export class Rulebook {
  readonly #options: UrlRewriteOptions
  readonly #compiled: Compiled
  readonly #fixed: RuleSet | null
  readonly #folders: (site: string) => Folders
  readonly #given = new WeakMap<readonly Rule[], RuleSet>()
  /** The first rule that rewrites to an absolute URL, with its place; undefined where none does. */
  readonly firstAbsolute: string | undefined
  /** Whether there are outbound rules. */
  readonly looksAtAnswers: boolean

  /** @throws FST_ARR_URL_REWRITE_INVALID_OPTIONS, with every mistake. */
  constructor (options: UrlRewriteOptions) {
    const { rules, documentRoot } = options
    this.#options = options
    const { compiled, fixed } = withoutMistakes(mistake => {
      checkNames(options, mistake)
      checkFolders(documentRoot, mistake)
      const compiled = compileOptions(options, documentRoot !== undefined, mistake)
      return { compiled, fixed: typeof rules === 'function' || rules === undefined ? null : compiled.compileMore(rules, mistake) }
    })
    this.#compiled = compiled
    this.#fixed = fixed
    this.firstAbsolute = compiled.firstAbsolute(fixed)
    this.looksAtAnswers = options.outboundRules !== undefined || options.siteOutboundRules !== undefined || options.pathOutboundRules !== undefined
    const shared = oneFolder(typeof documentRoot === 'string' ? documentRoot : '')
    this.#folders = Array.isArray(documentRoot) ? foldersBySite(documentRoot as readonly DocumentFolder[]) : () => shared
  }

  /** The outcome for a request; a promise only where a condition needs the file system. */
  outcomeOf (request: FastifyRequest, explained: boolean): Verdict | Promise<Verdict> {
    return this.#ask(exchangeOf(request, this.#foldersOf(request)), this.#rulesOf(request), explained, null)
  }

  /** The explanation for a request, or for a made-up one. */
  async explain (request: FastifyRequest | Imagined): Promise<Explanation> {
    const { explanation } = await ('raw' in request
      ? this.outcomeOf(request, true)
      : this.#ask(imagine(request, this.#folders(request.siteName ?? '')), this.#fixed, true, null))
    return explanation as Explanation
  }

  /** What the outbound rules change in a response; undefined where they change nothing. */
  answerOf (request: FastifyRequest, response: ResponseHead, method = request.method): ResponseChange | undefined {
    if (!this.looksAtAnswers) return undefined
    const exchange = exchangeOf(request, this.#foldersOf(request))
    const outbound = this.#compiled.outboundFor(exchange.siteName, exchange.url)
    if (outbound.length === 0) return undefined
    const state = stateAfter(exchange, request.rewrite)
    if (state === null) return undefined
    const passed = (why: string): void => request.log.warn({ url: request.url }, `outbound rules could not look into a body: ${why}`)
    return rewriteResponse(outbound, state, response, { method, limit: this.#options.outboundBufferLimit ?? 4_194_304, passed })
  }

  /** Runs the rules at once; where a condition needs the file system, they run again once the file is looked up. */
  #ask (exchange: Exchange, own: RuleSet | null, explained: boolean, files: Map<string, FileKind> | null): Verdict | Promise<Verdict> {
    const sets = this.#compiled.setsFor(exchange.siteName, own)
    const record = explained ? recorder() : undefined
    try {
      const outcome = run(sets, exchange, files, record)
      return { outcome, explanation: record?.explanation(exchange, outcome) ?? null }
    } catch (error) {
      if (!(error instanceof FileWanted)) throw error
      const known = files ?? new Map<string, FileKind>()
      return kindOf(error.path).then(kind => this.#ask(exchange, own, explained, known.set(error.path, kind)))
    }
  }

  #rulesOf (request: FastifyRequest): RuleSet | null {
    const { rules } = this.#options
    if (typeof rules !== 'function') return this.#fixed
    const list = rules(request)
    if (list === undefined) return null
    let set = this.#given.get(list)
    if (set === undefined) {
      set = withoutMistakes(mistake => this.#compiled.compileMore(list, mistake)) as RuleSet
      this.#given.set(list, set)
    }
    return set
  }

  #foldersOf (request: FastifyRequest): Folders {
    const { documentRoot } = this.#options
    const { site }: RequestLike = request
    return typeof documentRoot === 'function' ? oneFolder(documentRoot(request) ?? '') : this.#folders(site?.name ?? '')
  }
}

/** Compiles, and throws all mistakes in one error. */
function withoutMistakes<Result> (compile: (mistake: (message: string) => void) => Result): Result {
  const mistakes: string[] = []
  const result = compile(message => { mistakes.push(message) })
  if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.map(quoted).join('; '))
  return result
}
