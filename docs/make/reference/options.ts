// Which options has each package? All exported types whose names end so, and those that they lead to.
import { page } from './markdown.ts'
import type { Source, Sources } from './program.ts'
import { described, typeSection, type Described } from './types.ts'

/** Those of one package; none where it takes none. */
export function optionsOf ({ checker }: Sources, { exported, folder, name }: Source): Described[] {
  const roots = exported.filter(symbol => /Options$/.test(symbol.name) && symbol.declarations?.some(one => one.getSourceFile().fileName.startsWith(folder)) === true)
  const main = `${name.replaceAll('-', '')}options`
  return described(checker, roots.sort((one, other) => Number(other.name.toLowerCase() === main) - Number(one.name.toLowerCase() === main)), [folder])
}

/** A page for each package that has options, and one that lists them. */
export function optionPages (sources: Sources): Map<string, string> {
  const pages = new Map<string, string>()
  const rows: string[] = []
  for (const source of sources.packages) {
    const types = optionsOf(sources, source)
    if (types.length === 0) continue
    pages.set(`${source.name}.md`, page(`Options of ${source.name}`, `From the code of \`${source.imported}\`, and so of the version that this site was built from. What they are for is in its [README](${readme(source)}).`, types.map(type => typeSection(type))))
    rows.push(`- [${source.imported}](${source.name}.md): ${types.map(({ name }) => `[${name}](${source.name}.md#${name.toLowerCase()})`).join(', ')}`)
  }
  return pages.set('options.md', page('Options', 'Every option of every package, with its type, unit and default, from the doc comments in the code. Options are validated when a plugin is registered: all mistakes are in one error, and an unknown option is a mistake.', [rows.join('\n')]))
}

function readme ({ name }: Source): string {
  return name === 'backend' ? '../../backend/README.md' : `../../plugins/${name}/README.md`
}
