// What do the plugins tell each other? The facts on a request and on a server, and the channels for onlookers.
import ts from 'typescript'
import { cell, page, table } from './markdown.ts'
import type { Source, Sources } from './program.ts'
import { described, docOf, typeSection } from './types.ts'

export interface Channel {
  readonly key: string
  readonly name: string
  readonly doc: string
  /** The type of its message; null where the comment names none. */
  readonly message: string | null
}

function facts ({ packages }: Sources): Source {
  return packages.find(({ name }) => name === 'facts') as Source
}

export function factPage (sources: Sources): string {
  const { exported, folder } = facts(sources)
  const roots = ['RequestFacts', 'ServerFacts'].map(name => exported.find(symbol => symbol.name === name) as ts.Symbol)
  return page('Facts', 'Plugins never import each other: they meet on the request and on the server. Each fact has one writer, and every reader lives without it. The types are in [@fastify-arr/facts](../../plugins/facts/README.md).', described(sources.checker, roots, [folder]).map(type => typeSection(type)))
}

export function channelsOf (sources: Sources): Channel[] {
  const { exported } = facts(sources)
  const channels = exported.find(({ name }) => name === 'CHANNELS') as ts.Symbol
  const { checker } = sources
  return checker.getPropertiesOfType(checker.getTypeOfSymbol(channels)).map(symbol => {
    const type = checker.getTypeOfSymbol(symbol)
    const doc = docOf(checker, symbol)
    return { key: symbol.name, name: type.isStringLiteral() ? type.value : '', doc, message: /Carries `(\w+)`/.exec(doc)?.[1] ?? null }
  })
}

export function channelPage (sources: Sources): string {
  const { exported, folder } = facts(sources)
  const channels = channelsOf(sources)
  const messages = new Set(channels.map(({ message }) => message))
  const types = described(sources.checker, exported.filter(({ name }) => messages.has(name)), [folder]).filter(({ name }) => messages.has(name))
  const rows = channels.map(({ key, name, doc }) => [`\`CHANNELS.${key}\``, `\`${name}\``, cell(doc.replace(/ Carries `(\w+)`\./, (_, type: string) => ` Carries [${type}](#${type.toLowerCase()}).`))])
  return page('Channels', 'For onlookers there is `node:diagnostics_channel`: nothing on the road waits for a subscriber, and nothing is published where there is none. An example is in the [README of facts](../../plugins/facts/README.md).', [table(['constant', 'name', 'meaning'], rows), ...types.map(type => typeSection(type))])
}
