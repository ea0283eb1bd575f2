// Which rules run for a path, whatever the files say? `<clear>`, `<remove>` and `inheritInChildApplications`, against a model of how IIS merges.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '@fastify-arr/iis-config'
import { urlRewrite } from '@fastify-arr/url-rewrite'
import fc from 'fast-check'
import Fastify from 'fastify'
import t from 'tap'

/** What one place of one file says in `<rules>`. */
interface List {
  readonly rules: number
  readonly clear: boolean
  readonly remove: readonly string[]
  readonly inherits: boolean
}

/** Every place that may have rules: its file, the path of its `<location>` (null for the file's root), and the directory that it is for. In the order in which IIS merges. */
const PLACES = [
  { name: 'a', file: 'server', location: null, directory: null },
  { name: 'b', file: 'server', location: 'Shop', directory: '/' },
  { name: 'c', file: 'site', location: null, directory: '/' },
  { name: 'd', file: 'site', location: '.', directory: '/' },
  { name: 'e', file: 'server', location: 'shop/folder', directory: '/folder' },
  { name: 'f', file: 'site', location: 'folder', directory: '/folder' },
  { name: 'g', file: 'folder', location: null, directory: '/folder' },
  { name: 'h', file: 'server', location: 'Shop/app', directory: '/app' },
  { name: 'i', file: 'site', location: 'APP', directory: '/app' },
  { name: 'j', file: 'app', location: null, directory: '/app' },
  { name: 'k', file: 'app', location: '.', directory: '/app' },
  { name: 'l', file: 'server', location: 'Shop/app/in', directory: '/app/in' },
  { name: 'm', file: 'site', location: 'app/in', directory: '/app/in' },
  { name: 'n', file: 'app', location: 'in', directory: '/app/in' },
  { name: 'o', file: 'in', location: null, directory: '/app/in' }
] as const

const NAMES = PLACES.flatMap(({ name }) => [1, 2].map(number => `${name}${number}`))
const FILES = { server: 'applicationHost.config', site: 'site/web.config', folder: 'site/folder/web.config', app: 'other/web.config', in: 'other/in/web.config' } as const

const list: fc.Arbitrary<List | null> = fc.option(fc.record({ rules: fc.integer({ min: 0, max: 2 }), clear: fc.boolean(), remove: fc.subarray(NAMES, { maxLength: 6 }), inherits: fc.boolean() }), { freq: 2 })
  // What is not inherited and deletes something has no counterpart here, and is reported.
  .map(one => one === null || one.inherits ? one : { ...one, clear: false, remove: [] })
const server = fc.tuple(...PLACES.map(() => list))

/** The rules as IIS merges them, for a directory and the application that it is in. */
function merged (lists: readonly (List | null)[], directory: string, application: string): string[] {
  let all: string[] = []
  for (const [index, place] of PLACES.entries()) {
    const one = lists[index]
    if (one == null || (place.directory !== null && !`${directory}/`.startsWith(place.directory === '/' ? '/' : `${place.directory}/`))) continue
    const inherits = one.inherits || place.location === null || place.directory === null || (place.directory.startsWith('/app') ? '/app' : '/') === application
    if (!inherits) continue
    if (one.clear) all = []
    all = all.filter(name => !one.remove.includes(name))
    for (let number = 1; number <= one.rules; number++) all.push(`${place.name}${number}`)
  }
  return all
}

function xmlOf (file: keyof typeof FILES, lists: readonly (List | null)[]): string {
  const sections = PLACES.flatMap((place, index) => {
    const one = lists[index]
    if (place.file !== file || one == null) return []
    const rules = [1, 2].slice(0, one.rules).map(number => `<rule name="${place.name}${number}"><match url=".*" /><serverVariables><set name="HTTP_X_RAN" value="{HTTP_X_RAN} ${place.name}${number}" /></serverVariables></rule>`)
    const section = `<system.webServer><rewrite><rules>${one.clear ? '<clear />' : ''}${one.remove.map(name => `<remove name="${name.toUpperCase()}" />`).join('')}${rules.join('')}</rules></rewrite></system.webServer>`
    return place.location === null ? section : `<location path="${place.location}" inheritInChildApplications="${one.inherits}">${section}</location>`
  })
  const sites = file !== 'server'
    ? ''
    : `<system.applicationHost><sites><site name="Shop" id="1">
    <application path="/"><virtualDirectory path="/" physicalPath="C:\\site" /></application>
    <application path="/app"><virtualDirectory path="/" physicalPath="C:\\other" /></application>
    <bindings><binding protocol="http" bindingInformation="*:80:shop" /></bindings></site>
    <site name="Other" id="2"><bindings><binding protocol="http" bindingInformation="*:80:other" /></bindings></site></sites></system.applicationHost>`
  return `<configuration>${sites}${sections.join('')}</configuration>`
}

t.test('the rules that run for a path are those that IIS merges, in its order', async t => {
  const folder = t.testdir()
  for (const name of ['site/folder', 'other/in']) mkdirSync(join(folder, name), { recursive: true })
  await fc.assert(fc.asyncProperty(server, async lists => {
    for (const [file, name] of Object.entries(FILES)) writeFileSync(join(folder, name), xmlOf(file as keyof typeof FILES, lists))
    const { options } = readConfig(join(folder, FILES.server), { roots: { 'c:\\': folder } })
    const fastify = Fastify()
    await fastify.register(urlRewrite, options.urlRewrite ?? {})
    const ran = async (url: string, siteName: string): Promise<string> => {
      const { outcome } = await fastify.urlRewrite.explain({ url, siteName })
      return outcome?.type === 'Rewrite' ? (outcome.rewrite.headers['x-ran'] ?? '').trim() : ''
    }
    for (const [url, directory, application] of [['/', '/', '/'], ['/x', '/', '/'], ['/folder/x', '/folder', '/'], ['/app', '/app', '/app'], ['/App/x', '/app', '/app'], ['/app/in/x', '/app/in', '/app']] as const) {
      const expected = merged(lists, directory, application).join(' ')
      const actual = await ran(url, 'Shop')
      if (actual !== expected) throw new Error(`${url}: ${actual || 'nothing'}, and not ${expected || 'nothing'}\n${JSON.stringify(options.urlRewrite, null, 1)}`)
    }
    const others = await ran('/x', 'Other')
    const expected = merged(lists.map((one, index) => PLACES[index]?.directory === null ? one : null), '/', '/').join(' ')
    if (others !== expected) throw new Error(`the other site: ${others}, and not ${expected}`)
    await fastify.close()
  }), { numRuns: 150 })
})
