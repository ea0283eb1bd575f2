// A site of a file of IIS, and the client's TLS: what the upstream is told, which certificates are served, and which proxies are trusted.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, request as requestHttp, type IncomingHttpHeaders } from 'node:http'
import { request as requestHttps } from 'node:https'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startSite } from './site.ts'

t.beforeEach(() => { t.setTimeout(120_000) })

/** A web.config whose one rule leads to an upstream that keeps the headers of the last request. */
async function proxied (t: Test): Promise<{ file: string, got: () => IncomingHttpHeaders }> {
  let headers: IncomingHttpHeaders = {}
  const upstream = createServer((request, response) => {
    headers = request.headers
    response.end('ok')
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  t.teardown(() => { upstream.close() })
  const file = join(t.testdir(), 'web.config')
  writeFileSync(file, `<configuration><system.webServer><rewrite><rules><rule name="all"><match url="(.*)" /><action type="Rewrite" url="http://127.0.0.1:${(upstream.address() as { port: number }).port}/{R:1}" /></rule></rules></rewrite></system.webServer></configuration>`)
  return { file, got: () => headers }
}

/** Sends a request, and waits for the whole answer. */
async function send (port: number, tls: boolean, headers: Record<string, string>): Promise<number | undefined> {
  const request = (tls ? requestHttps : requestHttp)({ host: '127.0.0.1', port, headers: { host: 'localhost', ...headers }, rejectUnauthorized: false, agent: false }).end()
  const [response] = await once(request, 'response')
  response.resume()
  await once(response, 'end')
  return response.statusCode
}

const FORGED = { 'x-arr-ssl': '2048|256|forged', 'x-arr-clientcert': 'forged', x_arr_ssl: 'forged', 'x-original-url': '/forged', 'x-arr-log-id': 'forged' }

t.test('with a file of IIS the headers that ARR owns are of the connection, and never a client\'s', async t => {
  const { file, got } = await proxied(t)
  const site = await startSite(t, { webConfig: file })
  t.equal(await send(site.httpPort, false, FORGED), 200)
  t.notMatch(JSON.stringify(got()), 'forged')
  t.notOk('x-arr-ssl' in got())
  t.equal(await send(site.httpsPort, true, FORGED), 200)
  t.notMatch(JSON.stringify(got()), 'forged')
  t.match(got()['x-arr-ssl'], /^\d+\|(128|256)\|.*CN=.*\|CN=localhost/)
  t.notOk('x-arr-clientcert' in got(), 'no client is asked for a certificate')
  t.equal(got()['x-original-url'], '/')
})
