// Which signals does a supervisor obey? SIGTERM and SIGINT end it, SIGHUP reloads, unless its terminal was closed.
import { closeSync, openSync } from 'node:fs'
import { clock } from '../exchange/messages.ts'

/** ms. npm passes a SIGINT on that the terminal has sent already: a second one this soon is the same press of Ctrl+C. */
const ONE_PRESS = 500

/** What a signal asks for. */
export interface Obedience {
  reload (): void
  end (signal: string): void
  /** The second time: at once. */
  kill (): void
}

/** Listens until the returned function is called. */
export function obeySignals ({ reload, end, kill }: Obedience): () => void {
  const hadTerminal = hasTerminal()
  let asked: number | null = null
  const stop = (signal: string): void => {
    if (asked === null) {
      asked = clock()
      end(signal)
    } else if (clock() - asked > ONE_PRESS) kill()
  }
  const hangUp = (): void => {
    // The shell of a terminal that is closed sends SIGHUP as well.
    if (process.platform === 'win32' || (hadTerminal && !hasTerminal())) stop('SIGHUP')
    else if (asked === null) reload()
  }
  const all = { SIGTERM: stop, SIGINT: stop, SIGHUP: hangUp } as const
  for (const [signal, listener] of Object.entries(all)) process.on(signal, listener)
  return () => { for (const [signal, listener] of Object.entries(all)) process.off(signal, listener) }
}

function hasTerminal (): boolean {
  if (process.platform === 'win32') return false
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
