// What does an administrator have to know first? The findings by class, each with its number and what it is about, and the first command to type.

/** How many findings there are of a class, and what they are about, without repetitions. */
export interface Count {
  readonly count: number
  readonly about: readonly string[]
}

/** The findings by class. A part inside another one with the same note counts with it. */
export interface Summary {
  /** What IIS refuses, and nothing here does; `about` has the names that the option `open` takes. */
  readonly doors: Count
  /** What IIS does, and nothing here does. */
  readonly missing: Count
  /** What is answered in another way. */
  readonly differently: Count
  /** What says no more than IIS's defaults. */
  readonly byDefault: Count
  /** What is probably not meant; `about` has the codes. */
  readonly mistakes: Count
  /** The first command to type. */
  readonly command: string
}

interface Part { readonly class: string, readonly path: string, readonly note?: string }
interface Findings {
  readonly rows: readonly (Part & { readonly name: string, readonly section?: string, readonly open?: boolean })[]
  readonly sections: readonly Part[]
  readonly local: readonly object[]
  readonly general: readonly { readonly code: string }[]
  readonly mistakes: readonly { readonly code: string }[]
}

/** Summarises the findings of a file. */
export function summarise (file: string, { rows, sections, local, general, mistakes }: Findings): Summary {
  const whole = withoutInner(rows)
  const of = (name: string): typeof whole => whole.filter(row => row.class === name)
  const ofSections = (name: string): string[] => sections.filter(section => section.class === name).map(({ path }) => lastOf(path))
  const doors = of('door')
  const toOpen = [...new Set(doors.map(({ section }) => section ?? ''))]
  return {
    doors: counted(doors.map(({ section }) => section ?? '')),
    missing: counted([...of('missing').map(({ name }) => name), ...ofSections('missing'), ...local.map(() => 'files')]),
    differently: counted([...of('differently').map(({ name }) => name), ...general.map(({ code }) => code)]),
    byDefault: counted([...of('default').map(({ name }) => name), ...ofSections('default')]),
    mistakes: counted(mistakes.map(({ code }) => code)),
    command: `npx @fastify-arr/iis-config convert ${toOpen.length === 0 ? '' : `--open ${toOpen.join(',')} `}${/\s/.test(file) ? `"${file}"` : file} > site.ts`
  }
}

/** The parts without those inside another part of the same class and note. */
export function withoutInner<T extends Part> (parts: readonly T[]): T[] {
  const kept: T[] = []
  for (const part of parts) {
    const outer = kept.findLast(one => one.class === part.class && part.path.startsWith(`${one.path}/`))
    if (outer === undefined || outer.note !== part.note) kept.push(part)
  }
  return kept
}

function counted (about: readonly string[]): Count {
  return { count: about.length, about: [...new Set(about)] }
}

function lastOf (path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
