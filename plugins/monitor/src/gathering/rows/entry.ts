// What is kept of an exchange that is shown? Its row, and what its story needs; never the request itself.
import type { TracedExchange, TunnelFact, UpstreamAttempt } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import type { Facts } from '../ending.ts'
import type { ExchangeRow, Story } from '../../messages/index.ts'
import { withoutQuery } from './known-exchange.ts'

const LONGEST_URL = 512

/** What a trace tells of a request; the trace is null until it is told, and once it is no longer kept. */
export interface Told {
  trace: TracedExchange | null
  /** What it takes, bytes. */
  size: number
  /** It was asked for, and has not come. */
  isAwaited: boolean
}

/** A row, and its story as far as it is known without a trace. */
export interface Entry {
  readonly row: Mutable<ExchangeRow>
  readonly attempts: readonly UpstreamAttempt[]
  readonly rewritten: string | null
  readonly tunnel: TunnelFact | null
  readonly connectTime: number | null
  readonly firstByteTime: number | null
  /** Null where no trace will come. */
  readonly told: Told | null
  /** Somebody was told of it: its story can be asked for. */
  isShown: boolean
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

export function entryOf (row: ExchangeRow, request: FastifyRequest & Facts, told: Told | null): Entry {
  const { upstream, rewrite } = request
  return {
    row,
    attempts: (upstream?.attempts ?? []) as readonly UpstreamAttempt[],
    rewritten: rewrite?.url === undefined ? null : withoutQuery(withoutLogin(rewrite.url), LONGEST_URL),
    tunnel: (upstream?.tunnel ?? null) as TunnelFact | null,
    connectTime: upstream?.connectTime ?? null,
    firstByteTime: upstream?.firstByteTime ?? null,
    told,
    isShown: false
  }
}

/** `hasPage`: whether a trace can be shown as a page. */
export function storyOf ({ row, attempts, rewritten, tunnel, connectTime, firstByteTime, told }: Entry, hasPage: boolean): Story {
  const trace = told?.trace ?? null
  return { row, attempts, rewritten, tunnel: tunnel === null ? null : withoutId(tunnel), connectTime, firstByteTime, findings: trace?.findings ?? [], page: hasPage && trace !== null }
}

function withoutId ({ id: _, ...tunnel }: TunnelFact): Omit<TunnelFact, 'id'> {
  return tunnel
}

function withoutLogin (url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^/?#]*@/i, '$1')
}
