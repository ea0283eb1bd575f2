// Did a function of the user's give a promise, where its word is needed at once?

/** True for a promise. What becomes of it is of no interest any more: without a listener, its failure would end the process. */
export function isPromise (given: unknown): boolean {
  const then: unknown = (given as { then?: unknown } | null | undefined)?.then
  if (typeof then !== 'function') return false
  then.call(given, noop, noop)
  return true
}

function noop (): void {}
