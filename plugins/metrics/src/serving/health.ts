// Is the process alive, and may it get requests? For an orchestrator's probes.

/** What is served: a status and a word. */
export interface Health {
  readonly status: 200 | 503
  readonly body: string
}

/** ms that the user's own function may take. */
const PATIENCE = 5000

/** Ready: not closing, listening, and the user's own function says so, too. One that throws or takes too long says no. */
export async function readiness (isClosing: boolean, isListening: boolean, ready: () => boolean | Promise<boolean>): Promise<Health> {
  if (isClosing) return { status: 503, body: 'draining\n' }
  if (!isListening) return { status: 503, body: 'not listening\n' }
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>(resolve => { timer = setTimeout(() => { resolve(false) }, PATIENCE).unref() })
  try {
    return await Promise.race([ready(), late]) ? { status: 200, body: 'ready\n' } : { status: 503, body: 'not ready\n' }
  } catch {
    return { status: 503, body: 'not ready\n' }
  } finally {
    clearTimeout(timer)
  }
}
