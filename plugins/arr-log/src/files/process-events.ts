// Which events of the process concern the log files? A signal to open them again, and the exit.

interface Listening {
  reopen (): void
  flushSync (): void
}

const exits = new Set<Listening>()
const bySignal = new Map<NodeJS.Signals, Set<Listening>>()

/**
 * The default of `reopenSignal`. At a terminal SIGHUP means that the terminal was closed and ends the process, which a
 * listener would keep alive; on Windows it means the same of the console.
 */
export function defaultSignal (): NodeJS.Signals | false {
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  return terminal || process.platform === 'win32' ? false : 'SIGHUP'
}

/** Subscribes one server's log files to the process's events; returns a function that unsubscribes them. All servers share one listener per event. */
export function listen (files: Listening, signal: NodeJS.Signals | false): () => void {
  if (exits.size === 0) process.on('exit', onExit)
  exits.add(files)
  if (signal !== false) {
    const listening = bySignal.get(signal) ?? new Set()
    if (listening.size === 0) {
      bySignal.set(signal, listening)
      process.on(signal, onSignal)
    }
    listening.add(files)
  }

  return () => {
    exits.delete(files)
    if (exits.size === 0) process.off('exit', onExit)
    if (signal === false) return
    const listening = bySignal.get(signal)
    listening?.delete(files)
    if (listening?.size === 0) {
      bySignal.delete(signal)
      process.off(signal, onSignal)
    }
  }
}

function onExit (): void {
  for (const files of exits) files.flushSync()
}

function onSignal (signal: NodeJS.Signals): void {
  for (const files of bySignal.get(signal) ?? []) files.reopen()
}
