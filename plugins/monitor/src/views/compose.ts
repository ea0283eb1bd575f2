// What is the page shown? The views of what is gathered, and those of what is there now, as one.
import { helloOf, type Server } from './hello.ts'
import type { Views } from './views.ts'

type GatheredName = 'now' | 'history' | 'exchanges' | 'story' | 'storyPage'

/** `gathered` are those of `gather`, `present` those of `socketViews`. */
export function composeViews (server: Server, gathered: Pick<Views, GatheredName>, present: Omit<Views, GatheredName | 'hello'>, actions: boolean): Views {
  return {
    hello: () => helloOf(server, actions),
    now: () => gathered.now(),
    history: () => gathered.history(),
    exchanges: filter => gathered.exchanges(filter),
    story: id => gathered.story(id),
    storyPage: id => gathered.storyPage(id),
    webSockets: question => present.webSockets(question),
    matching: filter => present.matching(filter),
    frames: id => present.frames(id),
    farms: () => present.farms(),
    sites: () => present.sites(),
    traces: () => present.traces(),
    tracePage: key => present.tracePage(key),
    findings: () => present.findings(),
    explain: async question => await present.explain(question)
  }
}
