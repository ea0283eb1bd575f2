import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test, type Test } from 'tap'
import { run as command } from '../src/command/command.ts'

const TSX = import.meta.resolve('tsx')

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Writes the module of a file into a folder whose package.json says nothing of its type, starts it, and asks it for a page. */
async function answerOf (t: Test, name: string, config: string, javascript: boolean, port: number): Promise<number> {
  const folder = t.testdir({ 'package.json': '{}', [name]: config })
  let module = ''
  let next = ''
  command(['convert', ...javascript ? ['--js'] : [], join(folder, name)], { write: text => { module += text }, warn: text => { next += text }, colors: false })
  const file = javascript ? 'site.mjs' : 'site.ts'
  t.match(next, new RegExp(`^Next, with the output in ${file}:\\n {2}npm i fastify ${javascript ? '' : 'tsx '}@fastify-arr/.*\\n {2}${javascript ? 'node' : 'npx tsx'} ${file}\\n$`))
  writeFileSync(join(folder, file), module)
  if (javascript) t.notMatch(module, ': FastifyInstance')
  const child = spawn(process.execPath, ['--conditions=@fastify-arr/source', `--import=${TSX}`, join(folder, file)], { cwd: folder, env: { ...process.env, PORT: String(port) }, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill())
  for await (const line of createInterface(child.stdout)) if (line.includes('Server listening')) break
  const { status } = await fetch(`http://127.0.0.1:${port}/old`, { redirect: 'manual' })
  const ended = once(child, 'exit')
  child.kill()
  await ended
  return status
}

const REDIRECT = '<rewrite><rules><rule name="old"><match url="^old$" /><action type="Redirect" url="/new" redirectType="Found" /></rule></rules></rewrite>'
const WEB = `<configuration><system.webServer>${REDIRECT}</system.webServer></configuration>`

test('a module in TypeScript starts as it comes, where package.json names no type', async t => {
  t.equal(await answerOf(t, 'web.config', WEB, false, await freePort()), 302)
})

test('--js: a module in JavaScript starts as it comes', async t => {
  t.equal(await answerOf(t, 'web.config', WEB, true, await freePort()), 302)
})

test('the module of a server listens at its bindings alone', async t => {
  const port = await freePort()
  const server = `<configuration><system.applicationHost><sites><site name="s" id="1"><application path="/"><virtualDirectory path="/" physicalPath="C:\\x" /></application><bindings><binding protocol="http" bindingInformation="127.0.0.1:${port}:" /></bindings></site></sites></system.applicationHost><system.webServer>${REDIRECT}</system.webServer></configuration>`
  t.equal(await answerOf(t, 'applicationHost.config', server, true, port), 302)
})
