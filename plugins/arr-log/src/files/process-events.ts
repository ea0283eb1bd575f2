// What does the process tell its logs: open your files again, or, this is the end?

interface Listening {
  reopen (): void
  flushSync (): void
}

const exits = new Set<Listening>()
const bySignal = new Map<NodeJS.Signals, Set<Listening>>()

/**
 * The default of `reopenSignal`. At a terminal SIGHUP says that the terminal is gone and ends the process, and
 * listening would keep it alive; on Windows it says the same of the console.
 */
export function defaultSignal (): NodeJS.Signals | false {
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  return terminal || process.platform === 'win32' ? false : 'SIGHUP'
}

/** Connects one server's log files with the process; returns a function that lets go. One listener serves them all. */
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
