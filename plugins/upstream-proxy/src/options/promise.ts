// Did a user's function return a promise where its result is needed synchronously?

/** True for a promise. Its result is ignored, and its rejection handled: unhandled, it would end the process. */
export function isPromise (given: unknown): boolean {
  const then: unknown = (given as { then?: unknown } | null | undefined)?.then
  if (typeof then !== 'function') return false
  then.call(given, noop, noop)
  return true
}

function noop (): void {}
