// examples/vite: a page in a real browser changes when a file is edited, without a reload, by a WebSocket through the proxy.
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { browser, withoutChromium } from '../chromium.ts'
import { converse } from '../conversation.ts'
import { endsInOrder, example, folderOf, type Example } from './started.ts'

async function started (t: Parameters<typeof example>[0]): Promise<Example & { site: string }> {
  const folder = t.testdir()
  const site = join(folder, 'site')
  cpSync(join(folderOf('vite'), 'site'), site, { recursive: true })
  const started = await example(t, 'vite', { HTTPS_PORT: '0', SITE: site, CERTIFICATE_DIR: join(folder, 'certificates') }, /^(https:\/\/\S+?)\/?$/m)
  return { ...started, site, url: started.url.replace('127.0.0.1', 'localhost') }
}

/** Changes the greeting. */
function edit (site: string, text: string): void {
  const file = join(site, 'greeting.js')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/'.*'/, `'${text}'`))
}

t.test('the page changes when a file is edited, without a reload', { skip: withoutChromium }, async t => {
  const { site, url, ...program } = await started(t)
  const page = await (await browser(t)).newPage()
  const sockets: string[] = []
  page.on('websocket', socket => { sockets.push(socket.url()) })
  const failures: string[] = []
  page.on('console', message => { if (['error', 'warning'].includes(message.type())) failures.push(message.text()) })
  const connected = page.waitForEvent('console', message => message.text().includes('[vite] connected'))
  await page.goto(url)
  await connected
  await page.getByRole('heading', { name: 'hello', exact: true }).waitFor()
  let loads = 0
  page.on('domcontentloaded', () => { loads++ })
  await page.getByRole('textbox').fill('still here')

  for (const text of ['good morning', 'good evening']) {
    edit(site, text)
    await page.getByRole('heading', { name: text, exact: true }).waitFor()
  }
  t.equal(await page.getByRole('textbox').inputValue(), 'still here')
  t.equal(loads, 0, 'no reload')
  t.equal(sockets.length, 1)
  t.equal(new URL(sockets[0]!).origin, url.replace('https', 'wss'), 'through the proxy')
  t.same(failures.filter(text => !text.includes('favicon') && !text.includes('404')), [])
  await page.close()
  await endsInOrder(t, program)
})

t.test('what Vite refuses is refused through the proxy as well: another host, and a WebSocket of another page', async t => {
  const { url } = await started(t)
  const { port } = new URL(url)
  const [response] = await once(request({ host: '127.0.0.1', port, headers: { host: 'evil.example' }, rejectUnauthorized: false, agent: false }).end(), 'response') as [IncomingMessage]
  response.resume()
  t.equal(response.statusCode, 403)
  const heard = await converse(`${url.replace('https', 'wss').replace('localhost', '127.0.0.1')}/`, { protocols: ['vite-hmr'], origin: 'https://evil.example', headers: { host: `localhost:${port}` } })
  t.ok(heard.status >= 400, String(heard.status))
})
