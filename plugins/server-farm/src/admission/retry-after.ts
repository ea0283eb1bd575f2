// When is a client that was refused to come again? At another time than the others, and later where many wait.

const LEAST_SPREAD = 4 // s
const MOST_SPREAD = 60 // s
/** For so many that wait, a second more. */
const PER_SECOND = 100

/** Seconds: from 1 to 5 where nobody waits. */
export function retryAfter (waiting: number, random: () => number): number {
  const spread = Math.min(MOST_SPREAD, LEAST_SPREAD + waiting / PER_SECOND)
  return 1 + Math.round(random() * spread)
}
