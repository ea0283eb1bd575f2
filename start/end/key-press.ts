// Was Ctrl+C pressed once or twice? A terminal sends SIGINT to every process of the group, npm sends it to its child once more, and
// fastify-cli ends at once at the second: without Close frames to WebSockets, and without their lines in the log.

// ms. Longer than npm takes to pass the signal on, shorter than a person's second press.
const ONE_PRESS = 500

/** To be called before any other listener to SIGINT is added. */
export function hearOnePress (): void {
  process.once('SIGINT', () => {
    // No other listener: the process ends as it does by default.
    if (process.listenerCount('SIGINT') === 0) {
      process.kill(process.pid, 'SIGINT')
      return
    }
    const pressed = performance.now()
    // By then fastify-cli has added its listener for the second SIGINT.
    process.nextTick(() => {
      const waiting = process.listeners('SIGINT')
      process.on('SIGINT', (...told) => {
        if (performance.now() - pressed > ONE_PRESS) for (const listener of waiting) listener(...told)
      })
      for (const listener of waiting) process.off('SIGINT', listener)
    })
  })
}
