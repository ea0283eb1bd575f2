// Was Ctrl+C pressed once or twice? A terminal tells everybody of it, npm passes it on once more to what it runs, and fastify-cli
// ends at once at the second: without a goodbye to WebSockets, and without their lines.

// Longer than a signal takes, shorter than people do.
const ONE_PRESS = 500

/** To be called before anybody else listens to SIGINT. */
export function hearOnePress (): void {
  process.once('SIGINT', () => {
    // Nobody to tell: it ends as it would without us.
    if (process.listenerCount('SIGINT') === 0) {
      process.kill(process.pid, 'SIGINT')
      return
    }
    const pressed = performance.now()
    // By then those who wait for the second one listen.
    process.nextTick(() => {
      const waiting = process.listeners('SIGINT')
      process.on('SIGINT', (...told) => {
        if (performance.now() - pressed > ONE_PRESS) for (const listener of waiting) listener(...told)
      })
      for (const listener of waiting) process.off('SIGINT', listener)
    })
  })
}
