// What can be asked for the page? One function for each view; what a plugin that is not there would tell is empty.
import type { Explanation } from '@fastify-arr/facts'
import type { ExchangesView, FarmsView, FindingsView, FramesView, Hello, HistoryView, NowView, SitesView, Story, TracesView, WebSocketQuestion, WebSocketsView } from '../messages/index.ts'

/** What is open while somebody looks; `read` gives what is new since the last time. */
export interface Followed<View> {
  read (): View
  end (): void
}

/** What the page shows. Serving knows nothing else. */
export interface Views {
  hello (): Hello
  now (): NowView
  history (): HistoryView
  /** The exchanges that the filter names, from now on, and the last ones before. */
  exchanges (filter: string): Followed<ExchangesView>
  /** Undefined for one that is no longer known. */
  story (id: string): Story | undefined
  /** A page of HTML that needs nothing else; undefined where there is none. */
  storyPage (id: string): string | undefined
  webSockets (question: WebSocketQuestion): WebSocketsView
  /** The ids of all open WebSockets that the filter names; of an empty one all. */
  matching (filter: string): Iterable<string>
  /** Undefined where there is no such WebSocket. */
  frames (id: string): Followed<FramesView> | undefined
  farms (): FarmsView
  sites (): SitesView
  traces (): TracesView
  tracePage (key: string): string | undefined
  findings (): FindingsView
  /** Undefined where nobody can tell. */
  explain (question: { readonly method: string, readonly url: string, readonly headers: Readonly<Record<string, string>> }): Promise<Explanation | undefined>
}
