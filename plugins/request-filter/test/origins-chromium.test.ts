// Cross-site WebSocket hijacking in real Chromium: a page of another origin with the user's cookie, with the option and without.
//
// The other origin is a neighbour under the same registrable domain, where users put pages of their own: to the browser it is the same site,
// and not even SameSite=Strict holds the cookie back. From other sites current browsers may withhold cookies, by default or as users wish.
import { createServer } from 'node:https'
import { once } from 'node:events'
import { generate } from 'selfsigned'
import t from 'tap'
import { browser, withoutChromium } from '../../../test/chromium.ts'
import { portOf, proxied } from './doors.ts'

/** A page whose title becomes what its WebSocket is sent, or `refused`. */
const page = (url: string) => `<!doctype html><title>waiting</title><script>
const ws = new WebSocket('${url}')
ws.onmessage = ({ data }) => { document.title = data; ws.close() }
ws.onerror = () => { document.title = 'refused' }
</script>`

t.test('a page of another origin opens the user\'s WebSocket without the option, and not with it; the own page opens it with both', { skip: withoutChromium }, async t => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'bank.example' }], { keyType: 'ec', algorithm: 'sha256' } as never)
  const chromium = await browser(t, ['bank.example', 'users.bank.example'])
  for (const [origins, expected] of [[false, 'hello user=alice'], ['same', 'refused']] as const) {
    const bank = await proxied(t, { origins }, {
      server: { https: { key, cert } },
      after: app => {
        app.get('/login', async (_, reply) => reply.header('set-cookie', 'user=alice; SameSite=Strict; Secure; HttpOnly').type('text/html').send('<title>logged in</title>'))
        app.get('/page', async (request, reply) => reply.type('text/html').send(page(`wss://${request.host}/chat`)))
      }
    })
    const site = `bank.example:${bank.port}`
    const neighbour = createServer({ key, cert }, (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html', Connection: 'close' }).end(page(`wss://${site}/chat`))
    })
    neighbour.listen(0, '127.0.0.1')
    await once(neighbour, 'listening')
    t.teardown(() => neighbour.close())

    const tab = await chromium.newPage()
    // How fast a browser is on a busy machine is not the question.
    tab.setDefaultTimeout(120_000)
    const titleOf = async (url: string): Promise<string> => {
      await tab.goto(url)
      await tab.waitForFunction(() => document.title !== 'waiting')
      return await tab.title()
    }
    t.equal(await titleOf(`https://${site}/login`), 'logged in')
    t.equal(await titleOf(`https://${site}/page`), 'hello user=alice', `the own page, origins: ${origins}`)
    t.equal(await titleOf(`https://users.bank.example:${portOf(neighbour)}/`), expected, `the page of another origin, origins: ${origins}`)
    t.same(bank.rejections.map(({ reason, detail }) => [reason, detail]), origins === false ? [] : [['origins', `https://users.bank.example:${portOf(neighbour)}`]])
    await tab.close()
  }
})
