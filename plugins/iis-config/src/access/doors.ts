// Which sections of IIS refuse requests, and which of them is a site started without? Their names, and the error where one was not named.
import { at, ClosedDoorsError, OptionError, problemsError, type IisConfigError, type Place } from '../errors.ts'

/**
 * The names that the option `open` takes: sections of IIS and, for request filtering, its parts one by one.
 * `requestFiltering` stands for all of these; `security` for sections of `<security>` that are not known here, and for no other.
 */
export const DOORS = [
  'access',
  'allowHighBitCharacters',
  'anonymousAuthentication',
  'authorization',
  'denyQueryStringSequences',
  'denyUrlSequences',
  'dynamicIpSecurity',
  'fileExtensions',
  'filteringRules',
  'hiddenSegments',
  'iisClientCertificateMappingAuthentication',
  'ipSecurity',
  'requestFiltering',
  'requestLimits',
  'security',
  'serverRuntime',
  'verbs'
] as const

/** One of the names that `open` takes. */
export type Door = typeof DOORS[number]

const FILTERING: readonly Door[] = ['allowHighBitCharacters', 'denyQueryStringSequences', 'denyUrlSequences', 'fileExtensions', 'filteringRules', 'hiddenSegments', 'requestLimits', 'verbs']

/** The doors that a plugin of the family closes as IIS does: they are not told, and no start is refused for them. None, so far. */
export const CLOSED_HERE: ReadonlySet<Door> = new Set()

/** One part of a file that makes IIS refuse requests. */
export interface ClosedDoor extends Place {
  readonly section: Door
  /** The part as it is written, and what it refuses. */
  readonly message: string
}

/** Whether `open` names a door, by itself or with all of request filtering. */
export function isOpen (door: Door, open: readonly string[]): boolean {
  return open.includes(door) || (FILTERING.includes(door) && open.includes('requestFiltering'))
}

/** @throws `FST_ARR_IIS_CONFIG_INVALID_OPTION` with every name in `open` that is none. */
export function checkOpen (open: readonly string[], file: string): void {
  if (!Array.isArray(open)) throw problemsError(OptionError, [{ file, line: 1, column: 1, message: `open must be a list of names, of ${DOORS.join(', ')}` }])
  const unknown = open.filter(name => !(DOORS as readonly string[]).includes(name))
  if (unknown.length === 0) return
  throw problemsError(OptionError, unknown.map(name => ({
    file,
    line: 1,
    column: 1,
    message: `open: ${JSON.stringify(name)} is not one of ${DOORS.join(', ')}`
  })))
}

/** The error for the doors that `open` does not name; null where it names them all. Its `open` is what would name them all. */
export function closedDoors (doors: readonly ClosedDoor[], open: readonly string[]): IisConfigError & { open: readonly string[] } | null {
  const closed = doors.filter(({ section }) => !isOpen(section, open))
  if (closed.length === 0) return null
  const needed = [...new Set([...open, ...closed.map(({ section }) => section)])]
  const error = problemsError(ClosedDoorsError, closed)
  error.message = [
    'IIS refuses requests that nothing refuses here:',
    ...error.problems.map(problem => `${at(problem)}: ${problem.message}`),
    `To let them through all the same, set open to ${needed.join(', ')}`
  ].join('\n')
  return Object.assign(error, { open: needed })
}
