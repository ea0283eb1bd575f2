// Which pages are made from the code? They are written where the site is built, and not kept: so they cannot differ from it.
import { errorPage } from './reference/errors.ts'
import { channelPage, factPage } from './reference/facts.ts'
import { logFieldPage } from './reference/log-fields.ts'
import { optionPages } from './reference/options.ts'
import type { Sources } from './reference/program.ts'

/** The pages of `docs/reference`, by their names. */
export function referencePages (sources: Sources): Map<string, string> {
  return new Map([
    ...optionPages(sources),
    ['errors.md', errorPage(sources)],
    ['facts.md', factPage(sources)],
    ['channels.md', channelPage(sources)],
    ['log-fields.md', logFieldPage(sources)]
  ])
}
