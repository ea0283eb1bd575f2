// What is the span of an exchange a child of? Of the server span that somebody else has made for the request, or of what the client names.
import { context, createContextKey, propagation, trace, type Context, type Span } from '@opentelemetry/api'
import type { FastifyRequest } from 'fastify'

/** What a request came with. */
export interface Parent {
  readonly context: Context
  /** Whether the request has a server span already: there must not be two. */
  readonly isServed: boolean
}

/** How instrumentations of HTTP tell each other that there is a server span. The SDK's key: `createContextKey` gives the same for the same name. */
const RPC = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA')

interface RpcMetadata {
  readonly type: string
  readonly span: Span
  route?: string
}

/** What @fastify/otel decorates, where it is registered. */
type Instrumented = FastifyRequest & { readonly opentelemetry?: () => { readonly instrumented?: boolean, readonly context?: Context | null } }

/** To be asked in `onRequest`. */
export function parentOf (request: FastifyRequest): Parent {
  const { instrumented, context: given } = (request as Instrumented).opentelemetry?.() ?? {}
  if (instrumented === true && given !== null && given !== undefined) return { context: given, isServed: true }
  const active = context.active()
  const rpc = active.getValue(RPC) as RpcMetadata | undefined
  if (rpc?.type === 'http' && trace.getSpan(active) !== undefined) return { context: active, isServed: true }
  // Any other span is no part of the request, such as the one in which the server was started.
  return { context: propagation.extract(trace.deleteSpan(active), request.headers), isServed: false }
}

/** The context in which what follows is a part of this span. Of a server span, @fastify/otel is told: its own becomes an inner one. */
export function inside ({ context, isServed }: Parent, span: Span, route: string | undefined): Context {
  const own = trace.setSpan(context, span)
  if (isServed) return own
  const rpc: RpcMetadata = { type: 'http', span }
  if (route !== undefined) rpc.route = route
  return own.setValue(RPC, rpc)
}
