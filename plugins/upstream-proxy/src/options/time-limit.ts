// Which numbers are a time limit, in ms?

/** The longest delay of a Node timer: with a longer one it fires at once. */
export const MAX_TIME = 2 ** 31 - 1

/** True for a valid time limit; 0 means none. */
export function isTime (value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= MAX_TIME
}
