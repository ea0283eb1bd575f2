// How does whoever is in front learn that this site leaves, before it does? `/readyz` says so, and the site serves for a while as before:
// who asks for it now was sent here by somebody who has not asked `/readyz` since.
let isLeaving = false

/** Whether the signal to leave has come. */
export function stays (): boolean {
  return !isLeaving
}

/** Passes SIGTERM on to those who listen to it later by `delay`, ms. To be called before any other listener is added. A second SIGTERM does not wait. */
export function leaveLater (delay: number): void {
  if (delay === 0) return
  process.once('SIGTERM', () => {
    isLeaving = true
    // Taken off, so that they hear it when it is time.
    const waiting = process.listeners('SIGTERM')
    for (const listener of waiting) process.off('SIGTERM', listener)
    const pass = (): void => {
      clearTimeout(timer)
      process.off('SIGTERM', pass)
      for (const listener of waiting) process.on('SIGTERM', listener)
      // Nobody listens: the process ends as it does by default.
      if (waiting.length === 0) process.kill(process.pid, 'SIGTERM')
      else for (const listener of waiting) listener('SIGTERM')
    }
    const timer = setTimeout(pass, delay)
    process.once('SIGTERM', pass)
  })
}
