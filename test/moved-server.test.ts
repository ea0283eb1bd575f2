// A server of IIS as it is copied: two sites, an application with a folder of its own, a farm, filters, redirects, HSTS, files, error pages and
// logs. One command starts it, and sixty requests get what IIS answers.
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { request as plainRequest } from 'node:http'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { start } from './program.ts'
import { freePort } from './site.ts'

interface Answer { readonly status: number, readonly headers: IncomingHttpHeaders, readonly body: Buffer }

/** The application that IIS proxied to: it tells what it was asked, and has a WebSocket. */
async function backendOf (t: Test): Promise<number> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('location', `http://${request.headers.host ?? ''}/moved`)
      response.end(`${request.method ?? ''} ${request.url ?? ''}`)
    })
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', socket => {
    socket.on('error', () => {})
    socket.on('message', message => { socket.send(`echo ${String(message)}`) })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close().closeAllConnections()
  })
  return (server.address() as { port: number }).port
}

const webServer = (sections: string, more = ''): string => `<?xml version="1.0" encoding="UTF-8"?>\n<configuration><system.webServer>${sections}</system.webServer>${more}</configuration>\n`

/** The files of the server, by their place in the copy. */
const filesOf = (http: number, https: number, backend: number): Record<string, string> => ({
  'Windows/System32/inetsrv/config/applicationHost.config': `<configuration>
    <system.applicationHost>
      <sites>
        <site name="Main" id="1">
          <application path="/"><virtualDirectory path="/" physicalPath="C:\\inetpub\\main" /><virtualDirectory path="/pictures" physicalPath="C:\\Shared\\Pictures" /></application>
          <application path="/app"><virtualDirectory path="/" physicalPath="C:\\Apps\\App" /></application>
          <bindings><binding protocol="http" bindingInformation="*:${http}:main.localhost" /><binding protocol="https" bindingInformation="*:${https}:main.localhost" sslFlags="1" /></bindings>
          <hsts enabled="true" max-age="3600" includeSubDomains="true" />
        </site>
        <site name="Legacy" id="2">
          <application path="/"><virtualDirectory path="/" physicalPath="C:\\inetpub\\legacy" /></application>
          <bindings><binding protocol="http" bindingInformation="*:${http}:legacy.localhost" /></bindings>
        </site>
      </sites>
    </system.applicationHost>
    <webFarms><webFarm name="api" enabled="true">
      <server address="127.0.0.1" enabled="true"><applicationRequestRouting httpPort="${backend}" /></server>
    </webFarm></webFarms>
    <system.webServer>
      <proxy enabled="true" />
      <httpErrors errorMode="DetailedLocalOnly"><error statusCode="404" prefixLanguageFilePath="%SystemDrive%\\inetpub\\custerr" path="404.htm" /></httpErrors>
      <security><requestFiltering><requestLimits maxAllowedContentLength="1000" /></requestFiltering><ipSecurity allowUnlisted="false"><add ipAddress="127.0.0.1" allowed="true" /></ipSecurity></security>
      <rewrite><globalRules><rule name="health" stopProcessing="true"><match url="^health$" /><action type="CustomResponse" statusCode="204" /></rule></globalRules></rewrite>
    </system.webServer>
  </configuration>`,
  'inetpub/main/web.config': webServer(`
    <defaultDocument><files><clear /><add value="Home.htm" /><add value="index.html" /></files></defaultDocument>
    <staticContent><remove fileExtension=".json" /><mimeMap fileExtension=".json" mimeType="application/json" /><mimeMap fileExtension=".data" mimeType="application/x-data" />
      <clientCache cacheControlMode="UseMaxAge" cacheControlMaxAge="01:00:00" /></staticContent>
    <httpErrors errorMode="Custom"><remove statusCode="404" /><error statusCode="404" path="errors\\404.html" responseMode="File" /></httpErrors>
    <httpProtocol><customHeaders><add name="X-Site" value="main" /></customHeaders></httpProtocol>
    <rewrite><rules>
      <rule name="about" stopProcessing="true"><match url="^about/?$" /><action type="Rewrite" url="pages/about.html" /></rule>
      <rule name="blog" stopProcessing="true"><match url="^blog/(\\d+)$" /><action type="Redirect" url="https://blog.example/{R:1}" redirectType="Permanent" /></rule>
      <rule name="files" stopProcessing="true"><match url=".*" /><conditions><add input="{REQUEST_FILENAME}" matchType="IsFile" /></conditions><action type="None" /></rule>
      <rule name="api" stopProcessing="true"><match url="^(api|ws)(/.*)?$" /><action type="Rewrite" url="http://api/{R:0}" /></rule>
      <rule name="private" stopProcessing="true"><match url="^private" /><action type="CustomResponse" statusCode="403" subStatusCode="900" statusReason="Private" /></rule>
    </rules></rewrite>`,
  '<location path="assets"><system.webServer><staticContent><clientCache cacheControlMaxAge="7.00:00:00" cacheControlCustom="public" /></staticContent></system.webServer></location>' +
    '<location path="old"><system.webServer><httpRedirect enabled="true" destination="https://new.example/" httpResponseStatus="Permanent" /></system.webServer></location>'),
  'inetpub/main/Home.htm': '<h1>home</h1>',
  'inetpub/main/errors/404.html': 'our own 404',
  'inetpub/main/pages/about.html': 'about',
  'inetpub/main/pages/index.html': 'pages',
  'inetpub/main/assets/Site.css': 'a{}'.repeat(2000),
  'inetpub/main/assets/app.js': 'let a',
  'inetpub/main/data.json': '{}',
  'inetpub/main/x.data': 'data',
  'inetpub/main/x.unknown': 'unknown',
  'inetpub/main/default.aspx': 'the source of a page',
  'inetpub/main/bin/App.dll': 'binary',
  'inetpub/main/App_Data/users.json': '{}',
  'inetpub/main/empty/readme.txt': 'read me',
  'inetpub/main/api/file.txt': 'a file beside the API',
  'Shared/Pictures/logo.png': 'png',
  'Apps/App/web.config': webServer(`
    <rewrite><rules><rule name="application" stopProcessing="true"><match url="^(?!static/)(.*)$" /><action type="Rewrite" url="http://api/application/{R:1}" /></rule></rules></rewrite>`),
  'Apps/App/static/app.css': 'b{}',
  'inetpub/legacy/web.config': webServer(`
    <rewrite><rules><rule name="all" stopProcessing="true"><match url="(.*)" /><action type="Rewrite" url="http://api/legacy/{R:1}" /></rule></rules></rewrite>`),
  'inetpub/legacy/index.html': 'never seen'
})

/** The site, the request, and the status and body or header that IIS gives. */
type Row = readonly [site: 'main' | 'legacy' | 'secure', request: string, status: number, told?: string | Readonly<Record<string, string | RegExp | undefined>>]

const ROWS: readonly Row[] = [
  // Global rules, for both sites.
  ['main', 'GET /health', 204], ['legacy', 'GET /health', 204], ['main', 'POST /health', 204],
  // Default documents, folders, files.
  ['main', 'GET /', 200, '<h1>home</h1>'], ['main', 'GET /?x=1', 200, '<h1>home</h1>'], ['main', 'GET /home.HTM', 200, '<h1>home</h1>'],
  ['main', 'GET /pages/', 200, 'pages'], ['main', 'GET /pages', 301, { location: '/pages/' }], ['main', 'GET /Pages/About.html', 200, 'about'],
  ['main', 'GET /empty/', 403], ['main', 'GET /empty', 301, { location: '/empty/' }], ['main', 'GET /empty/readme.txt', 200, 'read me'],
  ['main', 'HEAD /pages/about.html', 200, { 'content-length': '5' }], ['main', 'GET /about', 200, 'about'], ['main', 'GET /about/', 200, 'about'],
  // Media types.
  ['main', 'GET /data.json', 200, { 'content-type': 'application/json' }], ['main', 'GET /x.data', 200, { 'content-type': 'application/x-data' }],
  ['main', 'GET /x.unknown', 404, 'our own 404'], ['main', 'GET /default.aspx', 404, 'our own 404'], ['main', 'GET /assets/app.js', 200, { 'content-type': /^text\/javascript|^application\/javascript/ }],
  // Client caching, inherited and of its own.
  ['main', 'GET /pages/about.html', 200, { 'cache-control': 'max-age=3600' }], ['main', 'GET /assets/site.css', 200, { 'cache-control': 'max-age=604800,public' }],
  ['main', 'GET /pictures/logo.png', 200, { 'cache-control': 'max-age=3600', 'content-type': 'image/png' }],
  // What no client sees.
  ['main', 'GET /web.config', 404, 'our own 404'], ['main', 'GET /Web.Config', 404], ['main', 'GET /bin/App.dll', 404], ['main', 'GET /BIN/app.dll', 404], ['main', 'GET /App_Data/users.json', 404],
  ['main', 'GET /pages/%2e%2e/web.config', 404], ['main', 'GET /pages/../bin/App.dll', 404], ['main', 'GET /web.config.', 404], ['main', 'GET /web.config::$DATA', 404], ['main', 'GET /app/web.config', 404, 'our own 404'],
  // Redirects.
  ['main', 'GET /blog/7', 301, { location: 'https://blog.example/7' }], ['main', 'GET /old/x?y=1', 301, { location: 'https://new.example/x?y=1' }], ['main', 'GET /old', 301, { location: /^https:\/\/new\.example\/?$/ }],
  ['main', 'GET /blog/x', 404, 'our own 404'],
  // The farm.
  ['main', 'GET /api/orders?x=1', 200, 'GET /api/orders?x=1'], ['main', 'POST /api/orders', 200, 'POST /api/orders'], ['main', 'DELETE /api/orders/1', 200, 'DELETE /api/orders/1'], ['main', 'GET /api', 200, 'GET /api'],
  ['main', 'GET /api/file.txt', 200, 'a file beside the API'], ['main', 'GET /api/x%20y', 200, 'GET /api/x%20y'], ['main', 'GET /API/orders', 200, 'GET /API/orders'],
  // The application, below its path.
  ['main', 'GET /app', 200, 'GET /application/'], ['main', 'GET /app/', 200, 'GET /application/'], ['main', 'GET /app/x/y?z=1', 200, 'GET /application/x/y?z=1'], ['main', 'GET /APP/x', 200, 'GET /application/x'],
  ['main', 'GET /app/static/app.css', 200, 'b{}'], ['main', 'GET /app/static/none.css', 404], ['main', 'GET /application', 404, 'our own 404'],
  // Headers of the site, also on what is proxied, and HSTS over https only.
  ['main', 'GET /', 200, { 'x-site': 'main', 'strict-transport-security': undefined }], ['main', 'GET /api/x', 200, { 'x-site': 'main' }],
  ['secure', 'GET /', 200, { 'strict-transport-security': 'max-age=3600; includeSubDomains' }], ['secure', 'GET /api/x', 200, 'GET /api/x'], ['secure', 'GET /pages', 301, { location: '/pages/' }],
  ['legacy', 'GET /', 200, { 'x-site': undefined, 'strict-transport-security': undefined }],
  // Refusals.
  ['main', 'GET /private/x', 403], ['main', 'GET /none', 404, 'our own 404'], ['main', 'POST /none', 404],
  // The other site has no rule for files.
  ['legacy', 'GET /index.html', 200, 'GET /legacy/index.html'], ['legacy', 'GET /about', 200, 'GET /legacy/about'], ['legacy', 'GET /app/x', 200, 'GET /legacy/app/x']
]

t.test('a copied server starts with one command, and answers as IIS does', async t => {
  const [http, https] = [await freePort(t), await freePort(t)]
  const copy = join(t.testdir(), 'copy')
  for (const [name, text] of Object.entries(filesOf(http, https, await backendOf(t)))) {
    mkdirSync(dirname(join(copy, name)), { recursive: true })
    writeFileSync(join(copy, name), text)
  }
  const logs = join(t.testdirName, 'logs')
  const program = start(t, { LOG_DIR: logs }, words => [words[0] as string, [...words.slice(1), '--', '--web-config', copy]])
  await program.says(/stop +Ctrl\+C/)

  const ask = async (site: Row[0], asked: string, headers: Readonly<Record<string, string>> = {}, body?: string): Promise<Answer> => {
    const [method, path] = asked.split(' ') as [string, string]
    const host = site === 'legacy' ? 'legacy.localhost' : 'main.localhost'
    const secure = site === 'secure'
    const options = { host: '127.0.0.1', port: secure ? https : http, method, path, headers: { host: `${host}:${secure ? https : http}`, ...headers }, agent: false, rejectUnauthorized: false, servername: host }
    const sent = (secure ? request : plainRequest)(options)
    sent.end(body)
    const [response] = await once(sent, 'response') as [IncomingMessage]
    const parts: Buffer[] = []
    for await (const part of response) parts.push(part as Buffer)
    return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }
  }

  t.ok(ROWS.length >= 60, `${ROWS.length} requests`)
  for (const [site, asked, status, told] of ROWS) {
    const answer = await ask(site, asked)
    t.equal(answer.status, status, `${site} ${asked}`)
    if (typeof told === 'string') t.equal(String(answer.body), told, `${site} ${asked}`)
    for (const [name, value] of Object.entries(typeof told === 'object' ? told : {})) {
      const got = answer.headers[name]
      if (value instanceof RegExp) t.match(got, value, `${site} ${asked}: ${name}`)
      // IIS writes a redirect's place with or without its host.
      else t.equal(name === 'location' && value?.startsWith('/') === true ? got?.toString().replace(/^https?:\/\/[^/]+/, '') : got, value, `${site} ${asked}: ${name}`)
    }
  }

  const zipped = await ask('main', 'GET /assets/Site.css', { 'accept-encoding': 'gzip' })
  t.equal(String(gunzipSync(zipped.body)), 'a{}'.repeat(2000), 'a file is compressed')
  t.equal((await ask('main', 'POST /api/upload', {}, 'x'.repeat(1001))).status, 413, 'a body over maxAllowedContentLength')
  t.equal((await ask('main', 'POST /api/upload', {}, 'x'.repeat(1000))).status, 200)

  const socket = new WebSocket(`ws://127.0.0.1:${http}/ws`, { headers: { host: `main.localhost:${http}` } })
  await once(socket, 'open')
  socket.send('hello')
  t.equal(String((await once(socket, 'message') as [Buffer])[0]), 'echo hello', 'a WebSocket through the farm')
  socket.close(1000)
  await once(socket, 'close')

  program.process.kill('SIGTERM')
  await program.exit
  const lines = readdirSync(join(logs, 'W3SVC1')).flatMap(name => readFileSync(join(logs, 'W3SVC1', name), 'utf8').split('\n')).filter(line => line !== '' && !line.startsWith('#')).map(line => line.split(' '))
  const numbers = (path: string, method = 'GET'): string | undefined => lines.filter(words => words[3] === method && words[4] === path).map(words => words.slice(-4, -2).join(' '))[0]
  t.equal(numbers('/x.unknown'), '404 3')
  t.equal(numbers('/bin/App.dll'), '404 8')
  t.equal(numbers('/empty/'), '403 14')
  t.equal(numbers('/private/x'), '403 900')
  t.equal(numbers('/ws'), '101 0')
  t.ok(lines.some(words => words[4] === '/api/upload' && words.slice(-4, -2).join(' ') === '413 1'))
  t.ok(readdirSync(join(logs, 'W3SVC2')).length > 0, 'each site has its own log')
})
