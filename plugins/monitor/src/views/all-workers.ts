// What can be asked of all workers at once, whichever of them serves the page?
import type { HistoryView, Story, StreamViews, WorkersView } from '../messages/index.ts'
import type { Followed } from './views.ts'

/** What was done in all of them. */
export interface DoneByAll {
  /** How many workers did not answer in time: it is not known whether they did it. */
  readonly silent: number
}

/** The workers of a server as one. Each question is over within two seconds, also where one of them does not answer. */
export interface AllWorkers {
  readonly workers: WorkersView
  /** Whether this one takes no more connections: those of the next generation do. */
  readonly isLeaving: boolean
  /** Calls a function whenever the views may be new, while something is followed. */
  onRound (told: () => void): void
  /** Resolves with the first answers. Undefined where no worker has such a thing. */
  follow (name: keyof StreamViews, question: object): Promise<Followed<unknown> | undefined>
  history (): Promise<HistoryView>
  story (id: string): Promise<Story | undefined>
  storyPage (id: string): Promise<string | undefined>
  /** Of one worker, or of whichever has it. */
  tracePage (key: string, pid: number | null): Promise<string | undefined>
  /** The names of those that were closed. */
  close (ids: readonly string[], code: number, reason: string): Promise<DoneByAll & { readonly closed: readonly string[] }>
  closeMatching (filter: string, code: number, reason: string): Promise<DoneByAll & { readonly closed: number }>
  end (): void
}
