// What is sent to a server with each attempt, and differs from attempt to attempt? `request.attemptHeaders`, written by open-telemetry.

/** The fact `request.attemptHeaders`: headers that each attempt to reach a server has of its own, such as the name of its span. Null where there are none. */
export interface AttemptHeaders {
  /** The names that it writes, in lower case. Headers of these names by the client, a rule or an option are not sent, and `next` may give no others. */
  readonly replaced: ReadonlySet<string>
  /**
   * The headers of the attempt whose head is about to be written to `server`, names and values in turn. Called once for each attempt, a WebSocket's handshake
   * included, also where a kept connection proves to be closed and the same head is sent again.
   */
  next (server: string): readonly string[]
}
