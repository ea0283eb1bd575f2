// May the process open as many files as its tunnels need? Node cannot be asked: the system is.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Of each tunnel: the client's socket and the upstream's. */
const OF_TUNNEL = 2
/** For listeners, logs, and requests that are no WebSockets. */
const RESERVE = 512
/** ms that a shell may take. */
const PATIENCE = 2000

/** The soft limit of open files; Infinity where there is none, null where it cannot be known. Windows has none to know. */
export function descriptorLimit (platform = process.platform): number | null {
  if (platform === 'win32') return null
  try {
    return platform === 'linux' ? limitIn(readFileSync('/proc/self/limits', 'utf8')) : asNumber(execFileSync('/bin/sh', ['-c', 'ulimit -n'], { encoding: 'utf8', timeout: PATIENCE, stdio: ['ignore', 'pipe', 'ignore'] }).trim())
  } catch {
    return null
  }
}

/** The line of `/proc/self/limits`: its name, the soft limit, the hard one, the unit (proc(5)). */
export function limitIn (text: string): number | null {
  return asNumber(/^Max open files\s+(\S+)/m.exec(text)?.[1] ?? '')
}

/** The sentence for a limit that is too low for so many tunnels; null where it is not, and where any number may come. */
export function limitWarning (maxTunnels: number, limit: number | null): string | null {
  const needed = OF_TUNNEL * maxTunnels + RESERVE
  if (maxTunnels === 0 || limit === null || limit >= needed) return null
  const fit = Math.max(0, Math.floor((limit - RESERVE) / OF_TUNNEL))
  return `upstream-proxy: \`websocket.maxTunnels\` is ${maxTunnels}, and this process may have ${limit} files open: ${needed} are needed, two for each WebSocket and ${RESERVE} for all else. Raise its limit (\`ulimit -n ${needed}\`, systemd's LimitNOFILE), or lower \`websocket.maxTunnels\` to ${fit}`
}

function asNumber (text: string): number | null {
  return text === 'unlimited' ? Infinity : /^\d+$/.test(text) ? Number(text) : null
}
