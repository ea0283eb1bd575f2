// How is long work done without keeping everybody else waiting? In turns, and not for ever.

// ms
const TURN = 20

/** What work came to: nothing where it took too long. */
export type Ended<Result> = { readonly result: Result } | { readonly error: unknown } | null

/**
 * Does work in turns, between which others are served. The first turn is now.
 *
 * @param work yields wherever it may be left.
 * @param longest how long all turns may take together, in milliseconds.
 * @param isWanted says, before each turn, whether anybody still waits for it.
 * @param done is called once, unless nobody does.
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
