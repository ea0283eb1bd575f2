// What is a moment of a recording? A time, one of these numbers, and its values, one after the other in one flat list.

/** The moments. Those of a WebSocket begin with how many frames had passed. */
export const MOMENT = {
  site: 0,
  rejected: 1,
  rewrite: 2,
  farm: 3,
  began: 4,
  sent: 5,
  answered: 6,
  failed: 7,
  left: 8,
  open: 9,
  quiet: 10,
  closeFrame: 11,
  unreadable: 12,
  socketEnd: 13
} as const

export type Moment = typeof MOMENT[keyof typeof MOMENT]

/** How many values each has, by its number. */
export const VALUES: readonly number[] = [3, 4, 1, 5, 1, 7, 4, 4, 2, 5, 2, 4, 2, 4]
