// What is a time limit, in ms?

/** The longest that a timer of Node can hold: past it, it goes off at once. */
export const MAX_TIME = 2 ** 31 - 1

/** True for what may stand for a time limit, 0 for none. */
export function isTime (value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= MAX_TIME
}
