// A server that was copied, made for one test: files by name, and what is read of them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { readConfig, type IisConfig, type ReadOptions, type Row } from '../src/index.ts'

/** A section in `<system.webServer><rewrite>`. */
export const rewrite = (inside: string): string => `<system.webServer><rewrite>${inside}</rewrite></system.webServer>`
/** Rules by name; each matches everything. */
export const rules = (...names: string[]): string => rewrite(`<rules>${names.map(rule).join('')}</rules>`)
export const rule = (name: string): string => `<rule name="${name}"><match url=".*" /></rule>`
export const location = (path: string, inside: string, attributes = ''): string => `<location path="${path}" ${attributes}>${inside}</location>`

/** `<sites>`: Shop in `C:\shop` with the application `/app` in `D:\app`, and Blog in `C:\blog`. */
export const SITES = `<system.applicationHost><sites>
  <site name="Shop" id="1">
    <application path="/"><virtualDirectory path="/" physicalPath="C:\\shop" /><virtualDirectory path="/img" physicalPath="C:\\images" allowSubDirConfig="false" /></application>
    <application path="/app"><virtualDirectory path="/" physicalPath="D:\\app" /></application>
    <bindings><binding protocol="http" bindingInformation="*:80:shop" /></bindings>
  </site>
  <site name="Blog" id="2">
    <application path="/"><virtualDirectory path="/" physicalPath="%SystemDrive%\\blog" /></application>
    <bindings><binding protocol="http" bindingInformation="*:80:blog" /></bindings>
  </site>
</sites></system.applicationHost>`

/** Writes files, with `<configuration>` around each; gives their folder. */
export function write (t: Test, files: Readonly<Record<string, string>>): string {
  const folder = t.testdir()
  for (const [name, inside] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), `<configuration>${inside}</configuration>`)
  }
  return folder
}

/** Reads a server of such files: `C:` and `D:` are folders of these names. */
export function readServer (t: Test, server: string, files: Readonly<Record<string, string>>, options: ReadOptions = {}): IisConfig & { readonly folder: string } {
  const folder = write(t, { ...files, 'applicationHost.config': SITES + server })
  for (const drive of ['C', 'D']) mkdirSync(join(folder, drive), { recursive: true })
  return { ...readConfig(join(folder, 'applicationHost.config'), { roots: { 'C:': join(folder, 'C'), 'D:\\': join(folder, 'D') }, ...options }), folder }
}

/** The row with this file and the end of this path. */
export function row ({ report }: IisConfig, file: string, end: string): Row | undefined {
  return report.rows.find(row => row.file.replaceAll('\\', '/').endsWith(file) && row.path.endsWith(end))
}

/** The names of the rules by place: `Shop`, `Shop/app -removed`. */
export function places ({ options: { urlRewrite = {} } }: IisConfig): Record<string, string> {
  const names = (list: readonly { readonly name: string }[]): string => list.map(({ name }) => name).join(' ')
  return Object.fromEntries([
    ...Object.entries(urlRewrite.siteRules ?? {}).map(([site, rules]) => [site, names(rules)]),
    ...urlRewrite.pathRules?.map(({ site = '', path, remove = [], rules }) => [`${site}${path}${remove.map(name => ` -${name}`).join('')}`, names(rules)]) ?? []
  ]) as Record<string, string>
}
