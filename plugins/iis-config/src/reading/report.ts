// The report: one row for each element and attribute, the sections that were not read, what leads to files, the mistakes, and a summary.
import type { Door } from '../access/doors.ts'
import type { Place } from '../errors.ts'
import { summarise, type Summary } from './summary.ts'

/**
 * What became of a part of the file: `used` as in IIS, used with a `difference` (the note says which),
 * `unsupported` (the note says why, the advice what to do instead), or `closes`: because of this part IIS refuses requests
 * that no plugin refuses (the note says which).
 */
export type Status = 'used' | 'difference' | 'unsupported' | 'closes'

/**
 * What a part means to an administrator: an open `door`, something that is `missing` here or answers `differently`, no more than
 * IIS's `default`, or nothing that requests depend on (`same`).
 */
export type Class = 'door' | 'missing' | 'differently' | 'default' | 'same'

/** One element or attribute of a section that is read. */
export interface Row extends Place {
  readonly status: Status
  readonly class: Class
  readonly part: 'element' | 'attribute'
  /** Its path in the document, e.g. `/configuration/system.webServer/rewrite/rules/rule[2]/match/@url`. */
  readonly path: string
  readonly name: string
  /** Of an element: the attribute that tells it from others of its name, e.g. `name="X-Frame-Options"`. */
  readonly key?: string
  /** The attribute's value, cut at 120 characters; passwords are left out. */
  readonly value?: string
  /** Which difference, or why it is not supported. */
  readonly note?: string
  /** What to do about it. */
  readonly advice?: string
  /** Of a part that `closes`: its section, by the name that the option `open` takes. */
  readonly section?: Door
  /** Of a part that `closes`: whether the option `open` names its section. */
  readonly open?: boolean
}

/** A section that is not read. */
export interface UnreadSection extends Place {
  readonly path: string
  /** Whether IIS would treat requests differently because of it. False for settings of an application behind the proxy. */
  readonly lost: boolean
  readonly class: Class
  readonly note: string
  /** What to do about it. */
  readonly advice?: string
}

/** Requests that IIS answers with a file, or with an application that runs inside it: here a route of Fastify answers them, or 404. */
export interface Local extends Place {
  /** The rule that leads there; null for requests that no rule takes. */
  readonly rule: string | null
  readonly note: string
}

/** A common mistake: the file is valid, but probably does not do what its author meant. */
export interface Mistake extends Place {
  /** Stable, e.g. `unreachable-rule`. */
  readonly code: string
  readonly message: string
}

/** A difference from IIS that is the same for all parts of its kind, told once. */
export interface GeneralDifference {
  /** Stable: `original-url-encoding`, `forwarded-for`, `request-filtering`, `farm-failures` or `farm-certificates`. */
  readonly code: string
  readonly note: string
  readonly advice: string
}

/** The whole report. It is plain data and can be serialised with `JSON.stringify`. */
export interface Report {
  readonly file: string
  /** What an administrator has to know first. */
  readonly summary: Summary
  /** True where every row is `used` or has a `difference`, and no section is lost. Parts that `closes` count as lost, whether `open` names them or not. */
  readonly complete: boolean
  readonly counts: Readonly<Record<Status, number>>
  readonly rows: readonly Row[]
  readonly sections: readonly UnreadSection[]
  /** What the rules leave to files and applications of IIS: it is beside the file, and lost with IIS. */
  readonly local: readonly Local[]
  readonly general: readonly GeneralDifference[]
  readonly mistakes: readonly Mistake[]
}

/** What a report is made of. */
export type Findings = Pick<Report, 'rows' | 'sections' | 'local' | 'general' | 'mistakes'>

/** Sorts rows, sections and mistakes in the order of the file, and counts the rows. */
export function makeReport (file: string, { rows, sections, local, general, mistakes }: Findings): Report {
  const counts = { used: 0, difference: 0, unsupported: 0, closes: 0 }
  for (const row of rows) counts[row.status]++
  const findings = { rows: inOrder(rows), sections: inOrder(sections), local: inOrder(local), general, mistakes: inOrder(mistakes) }
  return {
    file,
    summary: summarise(file, findings),
    complete: counts.unsupported === 0 && counts.closes === 0 && !sections.some(section => section.lost),
    counts,
    ...findings
  }
}

/** By line and column; entries of one file stay together, files in the order of their first entry. */
function inOrder<T extends Place> (places: readonly T[]): T[] {
  const files = [...new Set(places.map(place => place.file))]
  return [...places].sort((a, b) =>
    files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column)
}
