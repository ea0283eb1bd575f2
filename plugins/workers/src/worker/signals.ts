// Which signals does a worker obey? SIGTERM, which is for it alone. What a terminal sends to all processes is the supervisor's.

/** Listens until the returned function is called. */
export function heedSignals (end: () => void): () => void {
  const nothing = (): void => {}
  const all = { SIGTERM: end, SIGINT: nothing, SIGHUP: nothing } as const
  for (const [signal, listener] of Object.entries(all)) process.on(signal, listener)
  return () => { for (const [signal, listener] of Object.entries(all)) process.off(signal, listener) }
}
