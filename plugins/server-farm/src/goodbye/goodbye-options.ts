// How are tunnels ended, and when are they moved? Two parts of a farm's options.

/** How tunnels are ended. */
export interface GoodbyeOptions {
  /** The Close code. Defaults to 1012 (Service Restart). */
  readonly code?: number
  /** Its reason, at most 123 bytes. Defaults to none. */
  readonly reason?: string
  /** Over how many ms the goodbyes are spread. Defaults to 10,000. */
  readonly window?: number
  /** After how many ms all have been told, where `window` is longer. Each is cut after upstream-proxy's `websocket.closeGrace`. Defaults to 60,000. */
  readonly deadline?: number
}

/** When tunnels are moved from full servers to empty ones: their clients are told goodbye, and connect anew. */
export interface RebalanceOptions {
  /** By how much a server must have more than its share, as a part of that. Defaults to 0.2. */
  readonly threshold?: number
  /** For how long, in ms. Defaults to 60,000. */
  readonly after?: number
  /** How many tunnels a second. Defaults to 5. */
  readonly perSecond?: number
}
