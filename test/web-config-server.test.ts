// A whole server of IIS that was copied: applicationHost.config with the web.config of each site, application and folder, and real requests.
import { once } from 'node:events'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, request, type IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { root } from './packages.ts'
import { start } from './program.ts'
import { freePort, startSite } from './site.ts'

const fixture = join(root, 'plugins', 'iis-config', 'test', 'fixtures', 'whole-server')

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

interface Copy {
  readonly folder: string
  readonly port: number
  readonly serverFile: string
  readonly ask: (site: string, path: string) => Promise<Answer>
}

/** A copy of the server whose farm is a backend that tells what it was asked. */
async function copied (t: Test): Promise<Copy> {
  const backend = createServer((request, response) => {
    const { 'x-site': site = '-', 'x-app': app = '-', 'x-original-url': original = '-' } = request.headers
    response.end([request.url, site, app, original].join(' '))
  }).listen(0, '127.0.0.1')
  await once(backend, 'listening')
  t.teardown(() => { backend.close().closeAllConnections() })
  const port = await freePort(t)
  const folder = join(t.testdir(), 'copy')
  cpSync(fixture, folder, { recursive: true })
  const serverFile = join(folder, 'System32', 'inetsrv', 'config', 'applicationHost.config')
  writeFileSync(serverFile, readFileSync(serverFile, 'utf8').replaceAll('8081', String(port)).replace('8082', String((backend.address() as { port: number }).port)))
  return {
    folder,
    port,
    serverFile,
    ask: async (site, path) => {
      const asked = request({ port, path, host: '127.0.0.1', headers: { host: `${site}.localhost:${port}` }, agent: false }).end()
      const [response] = await once(asked, 'response') as [import('node:http').IncomingMessage]
      let body = ''
      for await (const chunk of response) body += String(chunk)
      return { status: response.statusCode ?? 0, headers: response.headers, body }
    }
  }
}

/** What the server of the fixture answers in IIS: the site, the path, the status, and what the backend was asked or where the redirect leads. */
const ANSWERS = [
  ['shop', '/health', 204, ''],
  ['shop', '/', 200, '/shop/ shop - /'],
  ['shop', '/cart?x=1', 200, '/shop/cart?x=1 shop - /cart?x=1'],
  ['shop', '/old', 302, '/shop-new'],
  ['shop', '/app/orders/7', 200, '/api/orders/7 - orders/7 /app/orders/7'],
  ['shop', '/APP/orders', 200, '/api/orders - orders /APP/orders'],
  ['shop', '/app', 200, '/api/ - - /app'],
  ['shop', '/app/internal/keys', 403, ''],
  ['shop', '/application', 200, '/shop/application shop - /application'],
  ['shop', '/app/v2/orders', 200, '/second/orders - - /app/v2/orders'],
  ['shop', '/img/logo.png', 200, '/shop/img/logo.png shop - /img/logo.png'],
  ['blog', '/health', 204, ''],
  ['blog', '/post/1', 200, '/blog/post/1 - - /post/1'],
  ['blog', '/old', 302, '/blog-new'],
  ['blog', '/app/orders', 200, '/blog/app/orders - - /app/orders'],
  ['blog', '/web.config', 410, '']
] as const

/** The headers of the configuration in an answer: of the server, frames, of the folder, of the application, of the blog. */
const HEADERS = [
  ['shop', '/', 'server DENY - - -'],
  ['shop', '/img/logo.png', 'server DENY img - -'],
  ['shop', '/app/orders', 'server - - api -'],
  ['shop', '/app/v2/orders', 'server - - api -'],
  ['blog', '/', '- - - - yes']
] as const

async function answersAsIis (t: Test, ask: Copy['ask']): Promise<void> {
  for (const [site, path, status, told] of ANSWERS) {
    const answer = await ask(site, path)
    t.equal(answer.status, status, `${site} ${path}`)
    if (status < 400 && status !== 204) t.equal(status === 302 ? answer.headers.location?.replace(/^http:\/\/[^/]+/, '') : answer.body, told, `${site} ${path}`)
  }
  for (const [site, path, told] of HEADERS) {
    const { headers } = await ask(site, path)
    t.equal(['x-server', 'x-frame-options', 'x-folder', 'x-app', 'x-blog'].map(name => headers[name] ?? '-').join(' '), told, `${site} ${path}`)
  }
}

t.test('the folder of a server that was copied is its sites, with the rules and headers of each application and folder', async t => {
  const { folder, ask } = await copied(t)
  await startSite(t, { webConfig: folder })
  await answersAsIis(t, ask)
})

t.test('so are applicationHost.config and the roots', async t => {
  const { folder, serverFile, ask } = await copied(t)
  await startSite(t, { webConfig: serverFile, root: [`C:\\inetpub=${join(folder, 'inetpub')}`, `%SystemDrive%\\Apps=${join(folder, 'apps')}`] })
  await answersAsIis(t, ask)
})

t.test('a web.config of an application that changes is in force', async t => {
  const { folder, ask } = await copied(t)
  await startSite(t, { webConfig: folder })
  t.equal((await ask('shop', '/app/x')).status, 200)
  const file = join(folder, 'apps', 'api', 'Web.Config')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/<action .*\/>/, '<action type="CustomResponse" statusCode="451" />'))
  // Ended by tap's time limit.
  while ((await ask('shop', '/app/x')).status !== 451) await new Promise(resolve => setTimeout(resolve, 100))
  t.equal((await ask('blog', '/x')).status, 200)
})

t.test('fastify start takes several files with their places, and the folders of the server', async t => {
  const { folder, port, serverFile, ask } = await copied(t)
  const site = join(folder, 'inetpub', 'shop', 'web.config')
  const program = start(t, {}, words => [words[0] as string, [...words.slice(1), '--', '--web-config', serverFile, '--web-config', `shop=${site}`, '--root', `C:\\Apps=${join(folder, 'apps')}`, '--root', `C:\\inetpub=${join(folder, 'inetpub')}`]])
  await program.says(/rules +\S+applicationHost\.config and 1 more/)
  t.match(program.output(), `http://shop.localhost:${port}`)
  await answersAsIis(t, ask)
  t.match(program.output().replaceAll('\\\\', '\\').replaceAll('\\"', '"'), `check ${serverFile} shop=${site} --root "C:\\Apps=`)
})

t.test('and from the environment, a semicolon between them; --base is the directory of a web.config', async t => {
  const { folder, ask, serverFile } = await copied(t)
  const program = start(t, { WEB_CONFIG: `${serverFile};Shop=${join(folder, 'inetpub', 'shop', 'web.config')}`, WEB_CONFIG_ROOT: `C:\\Apps=${join(folder, 'apps')};C:\\inetpub=${join(folder, 'inetpub')}` })
  await program.says(/stop +Ctrl\+C/)
  await answersAsIis(t, ask)

  const file = join(t.testdir(), 'web.config')
  writeFileSync(file, '<configuration><system.webServer><rewrite><rules><rule name="a"><match url="^old$" /><action type="Redirect" url="new" redirectType="Found" /></rule></rules></rewrite></system.webServer></configuration>')
  const based = start(t, {}, words => [words[0] as string, [...words.slice(1), '--', '--web-config', file, '--base', '/app']])
  const [, port] = await based.says(/http:\/\/localhost:(\d+)/)
  const { status, headers } = await fetch(`http://localhost:${port}/app/old`, { redirect: 'manual' })
  t.same([status, headers.get('location')], [302, '/app/new'])
  t.equal((await fetch(`http://localhost:${port}/old`)).status, 404)
})

t.test('--root and --base without a file of IIS, and a root that is no pair of folders, are mistakes before anything listens', async t => {
  for (const [words, message] of [
    [['--root', 'C:\\a=/b'], '--root is about a file of IIS, and there is none: npm start -- -- --web-config FILE --root FOLDER=FOLDER.'],
    [['--base', '/app'], '--base is about a file of IIS, and there is none: npm start -- -- --web-config FILE --base PATH.'],
    [['--web-config', 'web.config', '--root', 'C:\\a'], 'WEB_CONFIG_ROOT must be two folders, such as C:\\inetpub=/srv/inetpub, and not "C:\\\\a".']
  ] as const) {
    const program = start(t, {}, own => [own[0] as string, [...own.slice(1), '--', ...words]])
    t.same(await program.exit, { code: 1, signal: null })
    t.match(program.output(), message)
  }
})
