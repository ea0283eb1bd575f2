// Does an answer go to the client directly, or through Fastify's reply? Decided once for each route, when all hooks are known.
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'

/** An `onSend` hook as Fastify calls it: with a callback, or async. */
export type OnSend = (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply, payload: unknown, done: (error?: Error | null, payload?: unknown) => void) => unknown

/** The way of a route's answers. */
export interface AnswerWay {
  /** Answers go through `reply.send()`: an `onSend` hook wants to see them. */
  readonly throughReply: boolean
  /** Errors go through `reply.send()`: an `onError` hook, an error handler of the user's or an `onSend` hook wants to see them. Also true where answers go through it. */
  readonly errorsThroughReply: boolean
  /** The reply is told which headers were sent: an `onResponse` hook may ask for them. */
  readonly notesHeaders: boolean
  /** The `onSend` hooks that a handshake passes, in their order. */
  readonly onSend: readonly OnSend[]
  /** Those of them that may add to a 101. Asked for each: url-rewrite's rules can be replaced while the server runs. */
  readonly onOpening: readonly OnSend[]
}

/** The plugin url-rewrite, as far as its own `onSend` hook is concerned; `rewriteResponse` does the same on the direct way. */
interface Rewriter { readonly onSend?: unknown, readonly changesAnswers?: boolean }

class DecidedWay implements AnswerWay {
  throughReply = true
  errorsThroughReply = true
  notesHeaders = true
  onSend: readonly OnSend[] = []
  #rewriter: Rewriter | undefined
  #others: readonly OnSend[] = []

  get onOpening (): readonly OnSend[] {
    return this.#rewriter?.changesAnswers === false ? this.#others : this.onSend
  }

  passes (hooks: readonly OnSend[], scope: Scope): void {
    const { urlRewrite } = scope
    this.onSend = hooks.map(hook => hook.bind(scope))
    this.#rewriter = urlRewrite
    this.#others = this.onSend.filter((_, i) => hooks[i] !== urlRewrite?.onSend)
  }
}

const NAMES = ['onRequest', 'preValidation', 'preHandler', 'onSend', 'onError', 'onResponse'] as const
type Hooks = Record<typeof NAMES[number], readonly unknown[]>
type Scope = FastifyInstance & { readonly urlRewrite?: Rewriter }

// Fastify's list of an instance's hooks. It has no public access to them.
const HOOKS = 'fastify.hooks'
/** The mark of an `onSend` hook that changes only answers made in this server: no upstream's answer, no handshake. */
const ERRORS_ONLY = Symbol.for('fastify-arr.errors-only')
// There is no other way to recognise Fastify's own handler: the user's come out as bound functions.
const DEFAULT_HANDLER = 'defaultErrorHandler'

/** True where errors of this scope are answered by an error handler of the user's. */
export function hasErrorHandler ({ errorHandler }: Pick<FastifyInstance, 'errorHandler'>): boolean {
  return errorHandler.name !== DEFAULT_HANDLER
}

/** The ways of all routes of one proxy. Until `decide` is called, and where a later Fastify hides its hooks, everything goes through the reply: slower, but correct. */
export class AnswerWays {
  readonly #routes: Array<{ readonly way: DecidedWay, readonly scope: Scope, readonly route: RouteOptions }> = []

  add (scope: FastifyInstance, route: RouteOptions): AnswerWay {
    const way = new DecidedWay()
    this.#routes.push({ way, scope, route })
    return way
  }

  /**
   * To be called when no hook can be added any more. `handled`: the server's own error handler answers errors of the proxy;
   * `rewrites`: the proxy has `rewriteResponse`, so that url-rewrite's hook is not needed.
   */
  decide (handled: boolean, rewrites: boolean): void {
    for (const { way, scope, route } of this.#routes) {
      const hooks = hooksOf(scope)
      if (hooks === null) continue
      const onSend = [...hooks.onSend, ...listed(route.onSend)]
      const { urlRewrite } = scope
      const isIdle = (hook: unknown) => hook === urlRewrite?.onSend && (rewrites || urlRewrite?.changesAnswers === false)
      const ofAnswers = onSend.filter(hook => !isForErrors(hook))
      way.passes(ofAnswers as OnSend[], scope)
      way.throughReply = !ofAnswers.every(isIdle)
      way.errorsThroughReply = way.throughReply || ofAnswers.length < onSend.length || handled || route.errorHandler !== undefined || hooks.onError.length + listed(route.onError).length > 0
      way.notesHeaders = hooks.onResponse.length + listed(route.onResponse).length > 0
    }
  }
}

/** The hooks of a scope, with those that it has inherited; null where a later Fastify hides them. */
export function hooksOf (scope: object): Hooks | null {
  for (let one = scope; one !== null; one = Object.getPrototypeOf(one)) {
    const symbol = Object.getOwnPropertySymbols(one).find(({ description }) => description === HOOKS)
    if (symbol !== undefined) return checked((one as Record<symbol, unknown>)[symbol])
  }
  return null
}

function isForErrors (hook: unknown): boolean {
  return (hook as { readonly [ERRORS_ONLY]?: boolean })[ERRORS_ONLY] === true
}

function checked (hooks: unknown): Hooks | null {
  return NAMES.every(name => Array.isArray((hooks as Partial<Hooks>)[name])) ? hooks as Hooks : null
}

function listed (hooks: unknown): readonly unknown[] {
  return hooks === undefined ? [] : Array.isArray(hooks) ? hooks : [hooks]
}
