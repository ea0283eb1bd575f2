// How is long work done without blocking the event loop? In turns, and with a time limit.

// The length of a turn, ms.
const TURN = 20

/** The result of the work; null where it took too long. */
export type Ended<Result> = { readonly result: Result } | { readonly error: unknown } | null

/**
 * Does work in turns, between which the event loop runs. The first turn is at once.
 *
 * @param work yields wherever a turn may end.
 * @param longest the time limit for all turns together, in milliseconds.
 * @param isWanted called before each turn; false ends the work without `done`.
 * @param done called once, unless `isWanted` has ended the work.
 */
export function inTurns<Result> (work: Generator<void, Result>, longest: number, isWanted: () => boolean, done: (ended: Ended<Result>) => void): void {
  let spent = 0
  turn()

  function turn (): void {
    if (!isWanted()) return
    const ended = workUntil(performance.now() + TURN)
    if (ended !== null) return done(ended)
    if (spent > longest) return done(null)
    setImmediate(turn)
  }

  function workUntil (over: number): Ended<Result> {
    const began = performance.now()
    try {
      do {
        const { done: isOver, value } = work.next()
        if (isOver === true) return { result: value }
      } while (performance.now() < over)
    } catch (error) {
      return { error }
    }
    spent += performance.now() - began
    return null
  }
}
