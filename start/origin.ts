// By what was the program started? By fastify-cli's own command line, as `npm start` does, or by the command `fastify-arr` in this process.

/** What the command knows, and fastify-cli's command line would have said. */
export interface Origin {
  /** The words behind `node`, as fastify-cli would have got them. */
  readonly words: readonly string[]
  /** How a worker is started: as this process was. */
  readonly again: { readonly exec: string, readonly args: readonly string[] }
  /** The variables that a worker finds for itself: they came from a file that may say something else by then. */
  env (): Readonly<Record<string, string | undefined>>
  /** A sentence about variables as one about options of the command. */
  said (sentence: string): string
  /** Whether keys are heard. */
  readonly keys: boolean
}

let known: Origin | null = null

/** To be called before fastify-cli starts. */
export function startedBy (origin: Origin): void {
  known = origin
}

/** Null where fastify-cli was started by itself. */
export function origin (): Origin | null {
  return known
}
