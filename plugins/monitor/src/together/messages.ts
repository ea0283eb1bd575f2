// What do workers ask each other for the page? Plain data, which JSON keeps; it never leaves the machine.
import type { StreamViews } from '../messages/index.ts'
import { version } from '../views/hello.ts'

/** The name of the question. A worker of another version has another name, and does not answer. */
export const QUESTION = `@fastify-arr/monitor ${version}`

/** Of a process. */
export interface Self {
  readonly since: number
  readonly open: number
  readonly leaving: boolean
}

/** A view that is followed, for all streams of the asker that have asked the same. */
export interface LookAsked {
  readonly id: number
  readonly name: keyof StreamViews
  readonly question: object
  /** By process id: the last part that has arrived. */
  readonly seen: Readonly<Record<string, number>>
}

/** A part with its number. */
export type Numbered = readonly [number, unknown]

/** What one worker answers for all views that are followed, by their ids. */
export interface LooksAnswer {
  readonly self: Self
  readonly parts: Readonly<Record<string, readonly Numbered[]>>
}

/** Asked once; `pid` names the one that is meant. */
export type Wanted =
  | { readonly kind: 'history' }
  | { readonly kind: 'story' | 'storyPage', readonly pid: number, readonly id: string }
  | { readonly kind: 'tracePage', readonly pid: number | null, readonly key: string }
  | { readonly kind: 'close', readonly ids: readonly string[], readonly code: number, readonly reason: string }
  | { readonly kind: 'closeMatching', readonly filter: string, readonly code: number, readonly reason: string }

/** `asker` is its process id: it needs no answer of its own. */
export type Question = { readonly asker: number } & ({ readonly kind: 'looks', readonly looks: readonly LookAsked[] } | Wanted)

/** A worker, and what it has answered. */
export interface Answered<Value> {
  readonly generation: number
  readonly number: number
  readonly pid: number
  readonly value: Value
}
