// How is a trace's page opened in the browser?
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { toHtml } from '../files/to-html.ts'
import type { TraceFile } from './listing/trace-files.ts'

/** The page beside the trace, written where it is not there; in the system's folder for temporary files where that folder may not be written. */
export function pageOf ({ path, trace, findings }: TraceFile): string {
  const beside = resolve(path.replace(/\.xml$/i, '')) + '.html'
  if (existsSync(beside)) return beside
  const text = toHtml({ ...trace, findings })
  try {
    writeFileSync(beside, text, { mode: 0o640, flag: 'wx' })
    return beside
  } catch {
    const place = join(mkdtempSync(join(tmpdir(), 'request-trace-')), 'trace.html')
    writeFileSync(place, text, { mode: 0o600 })
    return place
  }
}

/** True where something took the page. Nothing of the page's path is read by a shell but on Windows, where `start` is one's own. */
export async function openInBrowser (page: string, platform: NodeJS.Platform = process.platform, env: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  const [program, ...args] = commandFor(page, platform, env)
  try {
    const child = spawn(program, args, { stdio: 'ignore', detached: true, windowsHide: true })
    const left = await Promise.race([once(child, 'exit').then(([code]) => code === 0), once(child, 'error').then(() => false), patience()])
    child.unref()
    return left
  } catch {
    return false
  }
}

/** `BROWSER` first, as xdg-open and Python have it. */
export function commandFor (page: string, platform: NodeJS.Platform, env: NodeJS.ProcessEnv): [string, ...string[]] {
  if (env.BROWSER !== undefined && env.BROWSER !== '') return [env.BROWSER, page]
  if (platform === 'darwin') return ['open', page]
  // The empty text is the window's title, which `start` takes a first quoted text for.
  if (platform === 'win32') return ['cmd', '/c', 'start', '""', page.replace(/[&^%]/g, char => `^${char}`)]
  return ['xdg-open', page]
}

/** A browser that stays in the foreground has taken the page. */
function patience (): Promise<boolean> {
  return new Promise(resolve => { setTimeout(() => resolve(true), 3_000).unref() })
}
