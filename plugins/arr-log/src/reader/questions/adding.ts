// What is the sum of numbers, some of which, or all, are unknown?

/** Adds the numbers that are known. */
export class Adding {
  /** Null where none was known. */
  sum: number | null = null

  /** `value` is NaN where it is unknown. */
  add (value: number): void {
    if (!Number.isNaN(value)) this.sum = (this.sum ?? 0) + value
  }
}
