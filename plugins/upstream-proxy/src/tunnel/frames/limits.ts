// What limits may one direction of a tunnel have?

/** How much may pass in a second, and what happens to more. */
export interface Rate {
  /** A second. */
  readonly rate: number
  /** At once, after a pause. */
  readonly burst: number
  /** `close` ends the tunnel, `hold` lets more wait. */
  readonly over: 'close' | 'hold'
}

/** The limits of one direction. */
export interface WayLimits {
  /** Bytes of a message; 0 for no limit. */
  readonly maxSize: number
  readonly messages: Rate | null
  readonly bytes: Rate | null
}

/** The limits of both directions; null for one that has none. */
export interface FrameLimits {
  readonly received: WayLimits | null
  readonly sent: WayLimits | null
}
