// The pages that a person sees, the demo's and the proxy's for an error, have nothing that axe finds, in real Chromium.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { browser, withoutChromium } from './chromium.ts'

const AXE = createRequire(import.meta.url).resolve('axe-core')

async function serve (t: Test): Promise<string> {
  const app = Fastify()
  t.teardown(() => app.close())
  const page = await readFile(new URL('../backend/public/index.html', import.meta.url), 'utf8')
  app.get('/', async (_request, reply) => await reply.type('text/html; charset=utf-8').send(page))
  await app.register(upstreamProxy, { prefix: '/app', upstream: 'http://127.0.0.1:1' })
  return await app.listen({ port: 0, host: '127.0.0.1' })
}

t.test('axe finds nothing on the demo page and on the page for an error', { skip: withoutChromium }, async t => {
  const origin = await serve(t)
  const context = await browser(t)
  for (const path of ['/', '/app/']) {
    const page = await context.newPage()
    await page.goto(`${origin}${path}`)
    // Nobody listens: the page says so, and so has a message.
    await page.locator(path === '/' ? '#messages li' : 'h1').first().waitFor()
    await page.addScriptTag({ content: await readFile(AXE, 'utf8') })
    t.same(await page.evaluate('axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html.slice(0, 200)))'), [], path)
  }
})
