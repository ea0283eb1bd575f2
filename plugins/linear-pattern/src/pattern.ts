// What does a pattern that is ready to run give?

/** A regular expression that has been found safe to run. `.` matches line breaks. */
export interface LinearPattern {
  /** The first match and its groups; a group that took no part is undefined. Null where nothing matches. */
  exec (text: string): ReadonlyArray<string | undefined> | null
  /** The first match at or after `from` as positions: pairs of start and end, the whole match first, -1 for a group that took no part. */
  spans (text: string, from: number): readonly number[] | null
}
