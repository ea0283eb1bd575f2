// The whole site from a web.config with pages for errors: who gets them, what the log says, and what happens when they change.
import { createServer } from 'node:http'
import { mkdirSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startSite, type Site } from './site.ts'

t.beforeEach(() => { t.setTimeout(120_000) })

/** A web.config in front of a backend whose every answer is a 500, and that cuts what begins with `/gone`. */
async function siteOf (t: Test, attributes: string): Promise<{ site: Site, file: string, xml: string }> {
  const backend = createServer((request, response) => {
    if (request.url?.startsWith('/gone') === true) request.socket.destroy()
    else response.writeHead(500, { 'x-kept': 'yes' }).end('the secret of the backend')
  })
  t.teardown(() => {
    backend.closeAllConnections()
    backend.close()
  })
  await new Promise<void>(resolve => { backend.listen(0, '127.0.0.1', resolve) })
  const xml = `<configuration><system.webServer>
    <httpErrors ${attributes}>
      <error statusCode="502" path="errors\\502.html" />
      <error statusCode="403" subStatusCode="900" path="/errors/private.html" responseMode="ExecuteURL" />
      <error statusCode="500" path="https://status.example/" responseMode="Redirect" />
    </httpErrors>
    <rewrite><rules>
      <rule name="private" stopProcessing="true"><match url="^private" /><action type="CustomResponse" statusCode="403" subStatusCode="900" statusReason="No" statusDescription="no" /></rule>
      <rule name="all"><match url="(.*)" /><action type="Rewrite" url="http://127.0.0.1:${(backend.address() as AddressInfo).port}/{R:1}" /></rule>
    </rules></rewrite></system.webServer></configuration>`
  const folder = t.testdir()
  const file = join(folder, 'web.config')
  writeFileSync(file, xml)
  mkdirSync(join(folder, 'Errors'))
  writeFileSync(join(folder, 'Errors', '502.html'), 'back soon')
  writeFileSync(join(folder, 'Errors', 'private.html'), 'private')
  return { site: await startSite(t, { webConfig: file }), file, xml }
}

/** Status, body and where it leads. */
async function answer (site: Site, path: string): Promise<string> {
  const response = await fetch(`http://localhost:${site.httpPort}${path}`, { redirect: 'manual', headers: { accept: 'text/html' } })
  return [response.status, response.headers.get('location'), await response.text()].filter(part => part !== null && part !== '').join(' ')
}

t.test('pages beside a web.config are sent for errors made here, by status and substatus; the log has the error', async t => {
  const { site } = await siteOf(t, 'errorMode="Custom"')
  t.equal(await answer(site, '/gone'), '502 back soon')
  t.equal(await answer(site, '/private'), '403 private')
  t.equal(await answer(site, '/anything'), '500 the secret of the backend')
  t.equal(await answer(site, '/errors/502.html'), '500 the secret of the backend', 'the folder itself is not served')
  t.same((await site.lines(4)).map(line => `${String(line['sc-status'])}.${String(line['sc-substatus'])}`), ['502.3', '403.900', '500.0', '500.0'])
})

t.test('existingResponse="Replace" keeps what the backend says from clients', async t => {
  const { site, file, xml } = await siteOf(t, 'errorMode="Custom" existingResponse="Replace"')
  t.equal(await answer(site, '/anything'), '302 https://status.example/')
  t.equal(await answer(site, '/gone'), '502 back soon')
  const told = new Promise<string>(resolve => {
    site.fastify.log.warn = ((message: string) => { if (message.includes('next start')) resolve(message) }) as typeof site.fastify.log.warn
  })
  writeFileSync(file, xml.replace('Replace', 'Auto'))
  t.match(await told, /what it says of the pages for errors takes effect at the next start/)
})

t.test('where no errorMode is written, nobody on the server itself sees a page', async t => {
  const { site } = await siteOf(t, '')
  t.match(await answer(site, '/gone'), /^502 <!doctype html>[^]*closed the connection/)
  t.equal(await answer(site, '/private'), '403 no')
})

t.test('a <location> that is written as a URL is one directory for the filter, the rules and the pages', async t => {
  const file = join(t.testdir(), 'web.config')
  const xml = (path: string): string => `<configuration>
    <location path="${path}"><system.webServer>
      <security><requestFiltering><denyUrlSequences><add sequence="secret" /></denyUrlSequences></requestFiltering></security>
      <httpErrors errorMode="Custom"><error statusCode="404" path="https://status.example/" responseMode="Redirect" /></httpErrors>
      <rewrite><rules><rule name="a" stopProcessing="true"><match url="^page$" /><action type="CustomResponse" statusCode="410" statusReason="Gone" statusDescription="gone" /></rule></rules></rewrite>
    </system.webServer></location></configuration>`
  writeFileSync(file, xml('a%20b'))
  const site = await startSite(t, { webConfig: file })
  t.equal(await answer(site, '/A%20B/page'), '410 gone')
  t.equal(await answer(site, '/a%20b/secret'), '302 https://status.example/')
  for (const path of ['a#b', 'a/../b', 'a\\b']) {
    writeFileSync(file, xml(path))
    await t.rejects(startSite(t, { webConfig: file }), { code: 'FST_ARR_IIS_CONFIG_INVALID_VALUE', message: /web\.config:2:\d+: path="a.*" is not the path of a directory/ }, path)
  }
})
