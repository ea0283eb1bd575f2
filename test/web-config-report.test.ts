// What the app logs of a file of IIS at its start.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startSite } from './site.ts'

t.beforeEach(() => { t.setTimeout(120_000) })

t.test('the log names each lost element once, without its attributes, what leads to files and what starts an application', async t => {
  const file = join(t.testdir(), 'web.config')
  writeFileSync(file, `<configuration><system.webServer><aspNetCore processPath="dotnet" arguments="a.dll" /><rewrite>
<providers><provider name="own" type="Own.Provider"><settings><add key="a" value="b" /></settings></provider></providers>
<rules><rule name="page"><match url="^a$" /><action type="Rewrite" url="/a.html" /></rule></rules>
</rewrite></system.webServer></configuration>`)
  const told: string[] = []
  await startSite(t, { webConfig: file }, fastify => { fastify.log.warn = ((text: string) => { told.push(text) }) as typeof fastify.log.warn })
  const of = (what: string): string[] => told.filter(text => text.includes(what))
  t.equal(of('.NET code').length, 1, told.join('\n'))
  t.match(of('rule "page"'), [/web\.config:3: rule "page" rewrites to \/a\.html/])
  t.equal(of('requests that no rule takes').length, 1)
  t.match(of('aspNetCore'), [/ASPNETCORE_URLS=http:\/\/localhost:5000 dotnet a\.dll/])
})
