// What is kept of a WebSocket while it is open? The name of its handshake's span, for the span that is made at its end.
import { type Link, ROOT_CONTEXT, type SpanContext, SpanKind, trace, TraceFlags, type Tracer } from '@opentelemetry/api'
import type { TunnelFact } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { tellEnd } from '../attributes/web-socket.ts'

/** What goes to another process with a tunnel that moves there. */
export type Carried = Pick<SpanContext, 'traceId' | 'spanId' | 'traceFlags'>

export class OpenSocket {
  readonly owner: object
  readonly handshake: SpanContext

  constructor (owner: object, handshake: SpanContext) {
    this.owner = owner
    this.handshake = handshake
  }

  /** Null for what is no record. */
  static of (owner: object, carried: unknown): OpenSocket | null {
    const { traceId, spanId, traceFlags } = (carried ?? {}) as Partial<Carried>
    const handshake = { traceId: traceId ?? '', spanId: spanId ?? '', traceFlags: traceFlags ?? TraceFlags.NONE, isRemote: true }
    return trace.isSpanContextValid(handshake) ? new OpenSocket(owner, handshake) : null
  }

  get carried (): Carried {
    const { traceId, spanId, traceFlags } = this.handshake
    return { traceId, spanId, traceFlags }
  }

  /** Makes the span of its life: in the trace of the handshake, so that it is sampled like that, and with a link to it. */
  end (tracer: Tracer, request: FastifyRequest, tunnel: TunnelFact): void {
    const link: Link = { context: this.handshake }
    const span = tracer.startSpan('websocket', { kind: SpanKind.INTERNAL, startTime: tunnel.openedAt, links: [link] }, trace.setSpanContext(ROOT_CONTEXT, this.handshake))
    if (span.isRecording()) tellEnd(span, request, tunnel)
    span.end(Math.max(Date.now(), tunnel.openedAt))
  }
}

/** Whether the span of its life would be kept. */
export function isSampled ({ traceFlags }: SpanContext): boolean {
  return (traceFlags & TraceFlags.SAMPLED) !== 0
}
