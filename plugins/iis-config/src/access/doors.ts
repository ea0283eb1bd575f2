// Doors: the sections because of which IIS refuses requests, by the names that the option `open` takes, and the error for those that it does not name.
import { ClosedDoorsError, OptionError, at, problemsError, type IisConfigError, type Place } from '../errors.ts'

/**
 * The names that the option `open` takes: sections of IIS and the single parts of request filtering. `requestFiltering` stands
 * for all its parts; `security` for the sections of `<security>` that this package does not know, and no others.
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

/** The parts of request filtering. */
const FILTERING: readonly Door[] = ['allowHighBitCharacters', 'denyQueryStringSequences', 'denyUrlSequences', 'fileExtensions', 'filteringRules', 'hiddenSegments', 'requestLimits', 'verbs']

/**
 * The doors whose refusals request-filter does itself: what it can refuse need not be in `open`. A door that is named there all the
 * same is left out of its options.
 */
export const CLOSED_HERE: ReadonlySet<Door> = new Set([...FILTERING, 'requestFiltering', 'ipSecurity', 'dynamicIpSecurity'])

/** One part of a file that makes IIS refuse requests. */
export interface ClosedDoor extends Place {
  readonly section: Door
  /** The part as it is written, and what IIS refuses because of it. */
  readonly message: string
}

/** Whether `open` names a door, or request filtering as a whole where the door is a part of it. */
export function isOpen (door: Door, open: readonly string[]): boolean {
  return open.includes(door) || (FILTERING.includes(door) && open.includes('requestFiltering'))
}

/** @throws `FST_ARR_IIS_CONFIG_INVALID_OPTION` where `open` is no list, or with every name in it that is none of `DOORS`. */
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

/** The error for the doors that `open` does not name; null where it names all. The error's `open` is the list that names all. */
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
