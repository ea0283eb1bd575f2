// Does a listener of 'upgrade' want the upgrade, or only to see it?

/** True for one that takes the request and no socket: it cannot answer, and sees every upgrade. */
export function isOnlooker (listener: (...args: never[]) => unknown): boolean {
  return listener.length === 1
}
