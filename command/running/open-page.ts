// How is a page of the site opened in a browser?
import { spawn } from 'node:child_process'
import { once } from 'node:events'

// ms. A browser that stays in the foreground has taken the page by then.
const PATIENCE = 3000

/** True where something took the page. */
export async function openPage (url: string, platform: NodeJS.Platform = process.platform, env: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  const [program, ...args] = programFor(url, platform, env)
  const child = spawn(program, args, { stdio: 'ignore', detached: true, windowsHide: true })
  child.unref()
  return await Promise.race([
    once(child, 'exit').then(([code]) => code === 0, () => false),
    new Promise<boolean>(resolve => { setTimeout(() => resolve(true), PATIENCE).unref() })
  ])
}

/** `BROWSER` first, as xdg-open and Python have it. The URL is one of the site's own, without a character that a shell would read. */
export function programFor (url: string, platform: NodeJS.Platform, env: NodeJS.ProcessEnv): [string, ...string[]] {
  if (env.BROWSER) return [env.BROWSER, url]
  if (platform === 'darwin') return ['open', url]
  // The empty text is the window's title, which `start` takes a first quoted text for.
  if (platform === 'win32') return ['cmd', '/c', 'start', '""', url]
  return ['xdg-open', url]
}
