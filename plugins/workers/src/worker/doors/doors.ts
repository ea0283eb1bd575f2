// Which of this process's servers take connections? All that listen, from `open` until `shut`; what comes before or after gets another worker.
import type { Handle, ToWorker } from '../../exchange/messages.ts'

/** The listening servers of a worker. */
export interface Doors {
  /** Resolves when all that listen take connections. */
  open (): Promise<void>
  /** Takes no more connections; those that are open go on. `server.close()` works later as ever. */
  shut (): void
  /** Takes none while others have fewer and time for more. */
  rest (rests: boolean): void
  /** A socket that was asked for. */
  came (message: ToWorker & { readonly arrWorkers: 'socket' }, handle: Handle | undefined): void
  /** The worker is about to close its servers: it has no time for more. */
  closing (): void
  release (): void
}
