// The built documentation, in real Chromium: nothing is loaded from elsewhere, it is readable without scripts, and axe finds nothing in
// light and in dark. Where VitePress is not installed (`npm ci --prefix docs`) it is skipped by name.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { browser, withoutChromium } from './chromium.ts'
import { root } from './packages.ts'

const run = promisify(execFile)
const AXE = createRequire(import.meta.url).resolve('axe-core')
const PAGES = ['/index.html', '/guide/websockets-behind-proxies.html', '/guide/performance.html', '/reference/arr-log.html']
const withoutVitePress = existsSync(join(root, 'docs', 'node_modules', 'vitepress')) ? false : 'VitePress is not installed: npm ci --prefix docs'

t.setTimeout(500_000)

/** The folder of a site that was built for this test. */
async function build (t: Test): Promise<string> {
  const folder = t.testdir()
  const { NODE_OPTIONS: _, ...env } = process.env
  await run(process.execPath, [`--import=${import.meta.resolve('tsx')}`, join(root, 'docs', 'make', 'build.ts')], { cwd: root, env: { ...env, DOCS_OUT: folder }, maxBuffer: 2 ** 26 })
  return folder
}

t.test('the site', { skip: withoutVitePress }, async t => {
  const folder = await build(t)
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  await app.register(fastifyStatic, { root: folder })
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })

  await t.test('every page has its text without scripts', async t => {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.html') && name !== '404.html')) {
      const html = await readFile(join(folder, name), 'utf8')
      t.match(html, /<h1[ >]/, name)
    }
    const html = await readFile(join(folder, 'guide', 'websockets-behind-proxies.html'), 'utf8')
    t.match(html, /SILENCE_CUT/)
    t.match(html, /<title>WebSockets behind proxies/)
    t.match(await readFile(join(folder, 'guide', 'performance.html'), 'utf8'), /<svg viewBox[^>]*aria-label="[^"]*HAProxy/)
  })

  await t.test('the search finds a finding by its code', { skip: withoutChromium }, async t => {
    const context = await browser(t)
    const page = await context.newPage()
    await page.goto(`${origin}/index.html`, { waitUntil: 'networkidle' })
    await page.getByRole('button', { name: 'Search' }).click()
    await page.locator('.VPLocalSearchBox input').fill('SILENCE_CUT')
    await page.locator('.VPLocalSearchBox a.result[href*="websockets-behind-proxies"]').first().waitFor()
    t.pass('the page that explains it')
  })

  for (const scheme of ['light', 'dark'] as const) {
    await t.test(`in ${scheme}, axe finds nothing and nothing is asked of another origin`, { skip: withoutChromium }, async t => {
      const context = await browser(t)
      const elsewhere: string[] = []
      context.on('request', request => { if (!/^(?:data|blob):/.test(request.url()) && new URL(request.url()).origin !== origin) elsewhere.push(request.url()) })
      for (const path of PAGES) {
        const page = await context.newPage()
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
        await page.goto(`${origin}${path}`, { waitUntil: 'networkidle' })
        t.equal(await page.evaluate('document.documentElement.classList.contains("dark")'), scheme === 'dark')
        await page.addScriptTag({ content: await readFile(AXE, 'utf8') })
        t.same(await page.evaluate('axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + " (" + nodes.length + "): " + nodes[0].html.slice(0, 300) + " " + nodes[0].failureSummary))'), [], path)
        await page.close()
      }
      t.same(elsewhere, [])
    })
  }
})
