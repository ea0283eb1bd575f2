// How is the page looked at? In real Chromium, with whatever it complains about.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Test } from 'tap'

const AXE = createRequire(import.meta.url).resolve('axe-core')

/** How a page is opened. */
export interface Look {
  readonly width?: number
  readonly dark?: boolean
}

/** A page, and the errors that it has written to the console so far. */
export interface Looked {
  readonly page: Page
  readonly context: BrowserContext
  readonly errors: string[]
}

/** Opens a page in a window of its own. */
export async function look (t: Test, chromium: Browser, url: string, { width = 1280, dark = false }: Look = {}): Promise<Looked> {
  const context = await chromium.newContext({ viewport: { width, height: 800 }, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' })
  t.teardown(() => context.close())
  const page = await context.newPage()
  const errors: string[] = []
  page.on('console', message => { if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text()) })
  page.on('pageerror', error => { errors.push(String(error)) })
  await page.goto(url)
  return { page, context, errors }
}

/** What axe finds. */
export async function findingsOf (page: Page): Promise<string[]> {
  await page.evaluate(await readFile(AXE, 'utf8'))
  return await page.evaluate('axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ": " + html.slice(0, 200) + failureSummary.slice(0, 300))))')
}

/** How far the page can be scrolled sideways, in CSS pixels. */
export async function sidewaysOf (page: Page): Promise<number> {
  return await page.evaluate('document.documentElement.scrollWidth - innerWidth')
}
