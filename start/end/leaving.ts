// How does whoever is in front learn that this site leaves, before it does? `/readyz` says so, and the site serves for a while as before:
// who asks for it now was sent here by somebody who has not asked `/readyz` since.
let isLeaving = false

/** Whether the signal to leave has not come. */
export function stays (): boolean {
  return !isLeaving
}

/**
 * From now on, those who listen to SIGTERM hear it later by `delay`, ms; a second SIGTERM does not wait. To be called when they all listen:
 * a listener that is taken off while a signal is told still hears it.
 */
export function leaveLater (delay: number): void {
  const waiting = process.listeners('SIGTERM')
  if (delay === 0 || waiting.length === 0) return
  for (const listener of waiting) process.off('SIGTERM', listener)
  process.once('SIGTERM', () => {
    isLeaving = true
    const timer = setTimeout(pass, delay)
    process.once('SIGTERM', pass)

    function pass (): void {
      clearTimeout(timer)
      process.off('SIGTERM', pass)
      // All are there before the first hears it: some (signal-exit) end the process where nobody else listens.
      for (const listener of waiting) process.on('SIGTERM', listener)
      for (const listener of waiting) listener('SIGTERM')
    }
  })
}
