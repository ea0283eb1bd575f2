// The summary, its classes, and what the rules leave to IIS itself.
import { test } from 'tap'
import { readConfigText, type Report } from '../src/index.ts'

const web = (inside: string): Report => readConfigText(`<configuration><system.webServer>${inside}</system.webServer></configuration>`, 'web.config', { open: ['ipSecurity', 'access'] }).report
const rules = (inside: string): Report => web(`<rewrite><rules>${inside}</rules></rewrite>`)
const all = '<rule name="all"><match url="(.*)" /><action type="Rewrite" url="http://backend/{R:1}" /></rule>'

test('the summary has each class with its number, what it is about, and the first command', async t => {
  const report = web(`
    <security><ipSecurity allowUnlisted="false" /><access sslFlags="Ssl" /></security>
    <directoryBrowse enabled="false" /><cors enabled="true" />
    <rewrite><rules><rule name="a"><match url="(.*)" /><conditions><add input="{HTTP_HOST}" pattern="example" /></conditions><action type="Rewrite" url="http://b/{R:1}" /></rule></rules></rewrite>`)
  t.match(report.summary, {
    doors: { count: 2, about: ['ipSecurity', 'access'] },
    missing: { count: 1, about: ['cors'] },
    differently: { count: 3, about: ['original-url-encoding', 'forwarded-for', 'request-filtering'] },
    byDefault: { count: 1, about: ['directoryBrowse'] },
    mistakes: { count: 1, about: ['open-host'] },
    command: 'npx @fastify-arr/iis-config convert --open ipSecurity,access web.config > site.ts'
  })
  t.same(JSON.parse(JSON.stringify(report)).summary, report.summary)
})

test('each row and section has one of these classes', async t => {
  const { rows, sections } = web('<security><access sslFlags="Ssl" /></security><webSocket enabled="true" receiveBufferLimit="1" pingInterval="00:00:20" /><proxy stealthMode="false" proxyBypass="a" /><aspNetCore processPath="dotnet" /><urlCompression />')
  t.same(new Set(rows.map(one => one.class)), new Set(['same', 'door', 'differently', 'missing', 'default']))
  t.same(sections.map(one => one.class), ['door', 'missing', 'default'])
})

test('that %2F is kept is told once for a file, not for each list of rules', async t => {
  const rule = (name: string): string => `<rule name="${name}"><match url="(.*)" /><action type="Rewrite" url="http://b/{R:1}" /></rule>`
  const { report } = readConfigText(`<configuration><system.webServer><rewrite><globalRules>${rule('a')}</globalRules><rules>${rule('b')}</rules></rewrite></system.webServer>
    <location path="x"><system.webServer><rewrite><rules>${rule('c')}</rules></rewrite></system.webServer></location></configuration>`, 'applicationHost.config')
  t.equal(report.general.filter(({ code }) => code === 'original-url-encoding').length, 1)
  t.equal(JSON.stringify(report).split('%2F').length, 2)
  t.same(rules('<rule name="a"><match url="x" /><action type="Redirect" url="/y" /></rule>').general, [], 'nothing is captured, and nothing proxied')
})

test('a file that proxies is told once what becomes of the headers of a balancer, and the option that trusts it', async t => {
  t.match(rules(all).general.find(({ code }) => code === 'forwarded-for'), { note: /X-Forwarded-For and X-Forwarded-Proto is replaced/, advice: /--trust-proxy/ })
})

test('rules that lead to files are named, and requests that no rule takes', async t => {
  const names = (report: Report): (string | null)[] => report.local.map(({ rule }) => rule)
  const files = '<rule name="files" stopProcessing="true"><match url=".*" /><conditions><add input="{REQUEST_FILENAME}" matchType="IsFile" /></conditions><action type="None" /></rule>'
  t.same(names(rules(files + all)), ['files'])
  t.same(names(rules('<rule name="page" stopProcessing="true"><match url="^old$" /><action type="Rewrite" url="/new.html" /></rule>' + all)), ['page'])
  t.same(names(rules('<rule name="on"><match url="^old$" /><action type="Rewrite" url="/new" /></rule>' + all)), [], 'the rule behind it leads on')
  t.same(names(rules('<rule name="some"><match url="^api/(.*)" /><action type="Rewrite" url="http://b/{R:1}" /></rule>')), [null])
  t.same(names(rules(all)), [])
  t.same(names(rules(all.replace('<action', '<conditions><add input="{HTTP_HOST}" pattern="^example.com$" /></conditions><action'))), [], 'all of a host')
  t.same(names(rules(all.replace('<action', '<conditions><add input="{REQUEST_FILENAME}" matchType="IsFile" negate="true" /></conditions><action'))), [null])
  t.same(names(web('<directoryBrowse enabled="false" />')), [], 'a file without rules')
  t.same(names(rules(files.replace('<rule ', '<rule enabled="false" ') + all)), [], 'a rule that is switched off')
  t.equal(rules(files + all).complete, true, 'all of the file itself is used')
  t.match(rules(files + all).summary.missing, { count: 1, about: ['files'] })
})

test('an application inside IIS is lost, with what to start, the port it reads and the rule that leads to it', async t => {
  const of = (xml: string): { lost: boolean, note: string, advice?: string } | undefined => web(xml).sections.find(({ lost }) => lost)
  const leads = (port: number): RegExp => RegExp(`<action type="Rewrite" url="http://localhost:${port}/\\{R:1\\}" />`)
  const plain = of('<aspNetCore processPath="dotnet" arguments=".\\Shop.dll" hostingModel="inprocess" />')
  t.match(plain, { note: 'ASP.NET Core', advice: 'ASPNETCORE_URLS=http://localhost:5000 dotnet .\\Shop.dll' })
  t.match(plain?.advice, leads(5000))
  t.match(of('<aspNetCore processPath="dotnet" arguments="a.dll"><environmentVariables><environmentVariable name="ASPNETCORE_URLS" value="https://*:7000;http://*:7001" /></environmentVariables></aspNetCore>')?.advice, leads(7001))
  t.match(of('<aspNetCore processPath="dotnet" arguments="a.dll"><environmentVariables><environmentVariable name="ASPNETCORE_HTTP_PORTS" value="7002;7003" /></environmentVariables></aspNetCore>')?.advice, leads(7002))
  t.match(of('<aspNetCore processPath="dotnet" arguments="a.dll --urls http://localhost:7004" />')?.advice, leads(7004))
  t.match(of('<httpPlatform processPath="java" arguments="-Dport=%HTTP_PLATFORM_PORT% -jar a.jar"><environmentVariables><environmentVariable name="SERVER_PORT" value="%HTTP_PLATFORM_PORT%" /></environmentVariables></httpPlatform>'), {
    advice: 'start it yourself: SERVER_PORT=5000 HTTP_PLATFORM_PORT=5000 java -Dport=5000 -jar a.jar'
  })
  const node = of('<handlers><add name="iisnode" path="app.js" verb="*" modules="iisnode" /></handlers><iisnode />')
  t.match(web('<handlers><add name="iisnode" path="app.js" verb="*" modules="iisnode" /></handlers><iisnode />').sections.find(({ path }) => path.endsWith('iisnode')), { lost: true, advice: 'PORT=5000 node app.js' })
  t.ok(node)
  t.equal(web('<aspNetCore processPath="dotnet" />').complete, false)
})
