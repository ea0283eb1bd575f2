// What may a file, or a folder, from somebody else do to who looks at it with the command?
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { run } from '../src/command/command.ts'
import { toHtml } from '../src/files/to-html.ts'
import { readXml } from '../src/reader/read-xml.ts'

async function ask (args: readonly string[]): Promise<{ out: string, err: string, code: number }> {
  let out = ''
  let err = ''
  const code = await run(args, { write: text => { out += text }, warn: text => { err += text }, colours: false, width: null })
  return { out, err, code }
}

const fileOf = (inside: string): string => `<failedRequest url="http://a/" siteId="1" processId="1" verb="GET" failureReason="STATUS_CODE" statusCode="101" timeTaken="5">${inside}</failedRequest>`

t.test('elements in elements without end are refused at once', async t => {
  const path = join(t.testdir(), 'deep.xml')
  writeFileSync(path, fileOf('<a>'.repeat(300_000) + '</a>'.repeat(300_000)))
  const { err, code } = await ask(['list', path])
  t.match(err, /elements are nested more than 32 deep/)
  t.equal(code, 1)
})

t.test('a pipe among the files is not waited for', { skip: process.platform === 'win32' ? 'Windows has no such files' : false }, async t => {
  const folder = t.testdir({ 'fr000001.xml': fileOf('') })
  execFileSync('mkfifo', [join(folder, 'fr000002.xml')])
  const { out, err, code } = await ask(['list', folder])
  t.match(out, /^fr000001 /)
  t.match(err, /fr000002\.xml: no file/)
  t.equal(code, 1)
})

t.test('a name of a file does nothing on a terminal', { skip: process.platform === 'win32' ? 'Windows has no such names' : false }, async t => {
  const path = join(t.testdir({ 'fr\u001b[31m.xml': fileOf('') }), 'fr\u001b[31m.xml')
  const before = process.env.BROWSER
  process.env.BROWSER = process.execPath
  t.teardown(() => { if (before === undefined) delete process.env.BROWSER; else process.env.BROWSER = before })
  const { out } = await ask(['open', path])
  t.match(out, /fr\\u001b\[31m\.html/)
  t.notOk(out.includes('\u001b'))
})

t.test('values with the names of what every object has are values', async t => {
  const event = (name: string, data: Record<string, string>): string => `<Event><EventData>${Object.entries(data).map(([key, value]) => `<Data Name="${key}">${value}</Data>`).join('')}</EventData><RenderingInfo><Opcode>${name}</Opcode></RenderingInfo></Event>`
  const names = { From: '__proto__', Opcode: '1', Side: '__proto__', How: '__proto__', ClosedBy: '__proto__', Ending: '__proto__', Severity: '__proto__' }
  const page = toHtml({ ...readXml(fileOf(['WEBSOCKET_OPEN', 'WEBSOCKET_FRAME', 'WEBSOCKET_SOCKET_END', 'WEBSOCKET_CLOSED', 'FINDING', '__proto__'].map(name => event(name, names)).join(''))), failureReason: '__proto__' })
  t.match(page, /<\/html>/)
})
