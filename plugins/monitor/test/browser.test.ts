// What do the page's own browser and a page of somebody else's get? In real Chromium.
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { browser, withoutChromium } from '../../../test/chromium.ts'
import { compile, type MonitorOptions } from '../src/options.ts'
import { serve } from '../src/serving/serve.ts'
import { madeUp } from './made-up.ts'

// Nothing of the page keeps a process alive, which this one must not notice.
const alive = setInterval(() => {}, 1000)
t.teardown(() => { clearInterval(alive) })

const token = 'correct-horse-battery-staple'

interface Site {
  readonly app: FastifyInstance
  readonly url: string
  /** Method and path of what was asked and not refused. */
  readonly answered: string[]
}

async function site (t: Test, options: MonitorOptions, views = madeUp, before: (app: FastifyInstance) => void = () => {}): Promise<Site> {
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  const answered: string[] = []
  app.addHook('onResponse', async ({ method, url }, { statusCode }) => { if (statusCode < 400) answered.push(`${method} ${url}`) })
  before(app)
  const places = await serve(app, compile(options), views)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, url: places.url as string, answered }
}

const VIOLATIONS = `
  globalThis.violations = []
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => { violations.push(violatedDirective + ' ' + blockedURI + ' ' + sample) })
`

t.test('the page runs under its policy without a violation, charts and frames of its own as well', { skip: withoutChromium }, async t => {
  const { url } = await site(t, { listen: { port: 0 }, actions: true })
  const page = await (await browser(t)).newPage()
  const complaints: string[] = []
  page.on('console', message => { if (message.type() === 'error' && !message.location().url.endsWith('/favicon.ico')) complaints.push(message.text()) })
  page.on('pageerror', error => { complaints.push(String(error)) })
  await page.addInitScript(VIOLATIONS)
  await page.goto(url)
  await page.locator('h1').waitFor()
  // What a chart does: styles by CSSOM, a canvas.
  await page.evaluate(`(async () => {
    const { default: Chart } = await import(new URL('vendor/uPlot.js', location.href).href)
    const place = document.body.appendChild(document.createElement('div'))
    new Chart({ width: 300, height: 100, series: [{}, { stroke: 'red' }] }, [[1, 2, 3], [1, 4, 9]], place)
  })()`)
  t.equal(await page.locator('canvas').count() > 0, true)
  for (const [path, text] of [['stories/1.html', 'The whole story.'], ['traces/W3SVC1/fr000001.html', 'The trace.'], ['traces/W3SVC1%2Ffr000001.html', 'The trace.']] as const) {
    await page.evaluate(`document.body.appendChild(Object.assign(document.createElement('iframe'), { src: '${path}', title: '${path}' }))`)
    await page.frameLocator(`iframe[src="${path}"]`).getByText(text).waitFor()
  }
  const paths = await page.evaluate('performance.getEntriesByType("resource").map(({ name }) => new URL(name).origin)') as string[]
  t.same([...new Set(paths)], [new URL(url).origin], 'nothing is asked elsewhere')
  t.same(await page.evaluate('violations'), [])
  t.same(complaints, [])
})

t.test('what a client has sent into a story runs nothing and loads nothing', { skip: withoutChromium }, async t => {
  const asked: string[] = []
  const other = Fastify({ forceCloseConnections: true })
  t.teardown(() => other.close())
  other.addHook('onRequest', async request => { asked.push(request.url) })
  const elsewhere = await other.listen({ port: 0, host: '127.0.0.1' })
  const evil = `<!doctype html><title>A story</title><style>p { color: rgb(1, 2, 3) }</style><script>parent.postMessage('ran', '*')</script><img src="${elsewhere}/img" onerror="parent.postMessage('ran', '*')"><form action="${elsewhere}/form"><button>Send</button></form><p>The story.`
  const { url } = await site(t, { listen: { port: 0 } }, { ...madeUp, storyPage: () => evil })
  const page = await (await browser(t)).newPage()
  await page.goto(url)
  await page.evaluate(`
    globalThis.heard = []
    addEventListener('message', ({ data }) => { heard.push(data) })
    document.body.appendChild(Object.assign(document.createElement('iframe'), { src: 'stories/1.html', title: 'a' }))
  `)
  const frame = page.frameLocator('iframe')
  await frame.getByText('The story.').waitFor()
  t.equal(await frame.locator('p').evaluate(element => getComputedStyle(element).color), 'rgb(1, 2, 3)', 'its own style is used')
  await frame.locator('button').click()
  await page.evaluate('fetch("history").then(response => response.text())')
  t.same(await page.evaluate('heard'), [])
  t.same(asked, [])
})

t.test('a page of another origin can neither frame, nor read, nor act', { skip: withoutChromium }, async t => {
  const closed: string[] = []
  const tunnels = { get: (id: string) => ({ close () { closed.push(id) } }) }
  const { url, answered } = await site(t, { path: '/monitor', token, actions: true }, madeUp, app => { app.decorate('tunnels', tunnels as never) })
  const other = Fastify({ forceCloseConnections: true })
  t.teardown(() => other.close())
  other.get('/', async (_request, reply) => await reply.type('text/html').send('<!doctype html><title>Evil</title>'))
  const evil = new URL(await other.listen({ port: 0, host: '127.0.0.1' }))
  const context = await browser(t, ['evil.example'])
  const own = await context.newPage()
  await own.goto(`${url}?token=${token}`)
  await own.locator('h1').waitFor()
  t.equal(own.url(), url, 'the token is no longer in the address')
  t.same(await own.evaluate('document.cookie'), '', 'no script reads the cookie')
  t.same(await own.evaluate('fetch(\'close\', { method: \'POST\', headers: { \'content-type\': \'application/json\', \'x-fastify-arr-monitor\': \'1\' }, body: \'{"ids":["own"]}\' }).then(response => response.json())'), { closed: 1, unknown: [] }, 'its own page may')
  // It loads its other views later. The cookie stays.
  await own.close()
  // Another site, and another port of the same site, whose requests have the cookie.
  for (const origin of [`http://evil.example:${evil.port}`, evil.origin]) {
    const page = await context.newPage()
    await page.goto(origin)
    answered.length = 0
    const got = await page.evaluate(`(async () => {
      const url = ${JSON.stringify(url)}
      const results = {}
      const attempt = async (name, promise) => { results[name] = await promise.then(value => value, error => 'failed') }
      await attempt('read', fetch(url + 'history', { credentials: 'include' }).then(response => response.text()))
      await attempt('opaque', fetch(url + 'history', { mode: 'no-cors', credentials: 'include' }).then(response => response.type + response.status))
      const body = '{"ids":["stolen"]}'
      await attempt('simple', fetch(url + 'close', { method: 'POST', mode: 'no-cors', credentials: 'include', headers: { 'content-type': 'text/plain' }, body }).then(() => 'sent'))
      await attempt('action', fetch(url + 'close', { method: 'POST', credentials: 'include', headers: { 'content-type': 'application/json', 'x-fastify-arr-monitor': '1' }, body }).then(() => 'sent'))
      await attempt('beacon', Promise.resolve(navigator.sendBeacon(url + 'close', new Blob([body], { type: 'text/plain' }))))
      await attempt('events', new Promise(resolve => {
        const source = new EventSource(url + 'events?view=now', { withCredentials: true })
        source.onopen = source.onmessage = () => { resolve('open') }
        source.addEventListener('hello', () => { resolve('open') })
        source.onerror = () => { source.close(); resolve('refused') }
      }))
      await attempt('webSocket', new Promise(resolve => {
        const socket = new WebSocket(url.replace('http', 'ws') + 'events?view=now')
        socket.onopen = () => { resolve('open') }
        socket.onerror = () => { resolve('refused') }
      }))
      await attempt('script', new Promise(resolve => {
        const script = document.head.appendChild(Object.assign(document.createElement('script'), { src: url + 'page/app.js', type: 'module', crossOrigin: 'use-credentials' }))
        script.onload = () => { resolve('loaded') }
        script.onerror = () => { resolve('refused') }
      }))
      await attempt('form', new Promise(resolve => {
        const frame = document.body.appendChild(Object.assign(document.createElement('iframe'), { name: 'target' }))
        const form = document.body.appendChild(Object.assign(document.createElement('form'), { action: url + 'close', method: 'POST', enctype: 'text/plain', target: 'target' }))
        form.appendChild(Object.assign(document.createElement('input'), { name: '{"ids":["stolen"],"a":"', value: '"}' }))
        frame.onload = () => { resolve('sent') }
        form.submit()
      }))
      await attempt('frame', new Promise(resolve => {
        const frame = document.body.appendChild(Object.assign(document.createElement('iframe'), { src: url }))
        frame.onload = () => { try { resolve(frame.contentDocument === null ? 'not readable' : frame.contentDocument.title) } catch { resolve('not readable') } }
      }))
      return results
    })()`) as Record<string, string>
    t.match(got, { read: 'failed', opaque: /^opaque0$|^failed$/, action: 'failed', events: 'refused', webSocket: 'refused', script: 'refused', frame: 'not readable' }, origin)
    t.same(answered.filter(one => one.includes('/monitor')), [], `${origin}: nothing was answered`)
    t.same(page.frames().filter(frame => frame.url().startsWith(url) && frame !== page.mainFrame()).length <= 2, true)
    await page.close()
  }
  t.same(closed, ['own'])
})

t.test('the page itself refuses to be framed, where nothing else has refused', { skip: withoutChromium }, async t => {
  const { url } = await site(t, { listen: { port: 0 } })
  const page = await (await browser(t)).newPage()
  await page.addInitScript(VIOLATIONS)
  const refused: string[] = []
  page.on('console', message => { if (/frame/i.test(message.text())) refused.push(message.text()) })
  await page.goto(url)
  // Of its own origin: the guard lets it pass, and its policy does not.
  await page.evaluate('new Promise(resolve => { const frame = document.body.appendChild(Object.assign(document.createElement("iframe"), { src: "./", title: "a" })); frame.onload = resolve })')
  t.equal(page.frames().length, 2)
  t.match(page.frames()[1]?.url(), /^chrome-error:/)
  t.match(refused.join(), 'frame-ancestors')
})

t.test('a stream comes back by itself after a restart of the server, and the cookie is still known', { skip: withoutChromium, timeout: 90_000 }, async t => {
  const options = (port: number): MonitorOptions => ({ listen: { port }, token })
  const first = await site(t, options(0))
  const { port } = new URL(first.url)
  const page = await (await browser(t)).newPage()
  await page.goto(`${first.url}?token=${token}`)
  await page.evaluate(`
    globalThis.told = []
    globalThis.until = holds => new Promise(resolve => { const look = () => { if (holds()) resolve(); else setTimeout(look, 20) }; look() })
    globalThis.source = new EventSource('events?view=sites')
    for (const name of ['hello', 'bye', 'sites']) source.addEventListener(name, () => { told.push(name) })
  `)
  await page.evaluate('until(() => told.includes("sites"))')
  await first.app.close()
  await page.evaluate('until(() => told.includes("bye"))')
  // Meanwhile it asks, and nobody listens.
  await page.evaluate('until(() => source.readyState === EventSource.CONNECTING)')
  await new Promise(resolve => { page.once('requestfailed', resolve) })
  await site(t, options(Number(port)))
  await page.evaluate('until(() => told.join() === "hello,sites,bye,hello,sites")')
  t.pass('with the same EventSource')
})
