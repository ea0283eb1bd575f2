// How long has a side been silent, and has it answered a ping?

/** What is known about the silence of the side where a direction begins. Times are on `performance.now()`'s clock. */
export interface Silence {
  /** What it had sent at the last look. */
  bytes: number
  since: number
  lookedAt: number
  /** When the last ping was written that it has not answered; 0 for none. */
  pingedAt: number
  /** True while a ping for it waits for a frame boundary. */
  isAsking: boolean
}
