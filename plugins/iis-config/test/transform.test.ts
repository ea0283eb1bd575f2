import { join } from 'node:path'
import { test, type Test } from 'tap'
import { readConfig, readConfigText, type IisConfig } from '../src/index.ts'

const XDT = 'xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform"'
const rewrite = (inside: string, attributes = ''): string => `<configuration${attributes}><system.webServer><rewrite>${inside}</rewrite></system.webServer></configuration>`
const rule = (name: string, attributes = ''): string => `\n<rule name="${name}"${attributes}><match url="${name}" /></rule>`

function transformed (t: Test, inside: string, base = `<rules>${rule('a')}${rule('b')}${rule('c')}</rules>`): IisConfig {
  const dir = t.testdir({ 'web.config': rewrite(base), 'web.Release.config': rewrite(inside, ` ${XDT}`) })
  const config = readConfig(join(dir, 'web.config'), { transforms: [join(dir, 'web.Release.config')] })
  const places = config.report.rows.map(({ file, path, line, column }) => `${file} ${path} ${line}:${column}`)
  t.equal(new Set(places).size, places.length, 'no part is reported twice')
  return config
}

const names = ({ options }: IisConfig): string[] => options.urlRewrite?.rules?.map(one => one.name) ?? []
const lost = ({ report }: IisConfig): string[] => report.rows.filter(row => row.status === 'unsupported').map(row => row.name)

test('Insert, InsertIfMissing, InsertBefore and InsertAfter', async t => {
  t.strictSame(names(transformed(t, `<rules>${rule('d', ' xdt:Transform="Insert"')}</rules>`)), ['a', 'b', 'c', 'd'])
  t.strictSame(names(transformed(t, `<rules>${rule('b', ' xdt:Transform="InsertIfMissing" xdt:Locator="Match(name)"')}${rule('d', ' xdt:Transform="InsertIfMissing" xdt:Locator="Match(name)"')}</rules>`)), ['a', 'b', 'c', 'd'])
  const path = "/configuration/system.webServer/rewrite/rules/rule[@name='b']"
  t.strictSame(names(transformed(t, `<rules>${rule('d', ` xdt:Transform="InsertBefore(${path})"`)}</rules>`)), ['a', 'd', 'b', 'c'])
  t.strictSame(names(transformed(t, `<rules>${rule('d', ` xdt:Transform="InsertAfter(${path})"`)}</rules>`)), ['a', 'b', 'd', 'c'])
  t.strictSame(names(transformed(t, `<rules>${rule('d', ' xdt:Transform="InsertBefore(/configuration/system.webServer/rewrite/rules/rule[1])"')}</rules>`)), ['d', 'a', 'b', 'c'])
})

test('Replace, Remove and RemoveAll', async t => {
  const replaced = transformed(t, '<rules><rule name="b" enabled="false" xdt:Transform="Replace" xdt:Locator="Match(name)"><match url="new" /></rule></rules>')
  t.strictSame(replaced.options.urlRewrite?.rules?.[1], { name: 'b', enabled: false, match: { url: 'new' } })
  t.match(replaced.report.rows.find(row => row.value === 'b' && row.note !== undefined), { status: 'used', note: 'taken out by the transform' })
  t.strictSame(names(transformed(t, '<rules><rule xdt:Transform="Remove" xdt:Locator="Condition(@name=\'c\')" /></rules>')), ['a', 'b'])
  t.strictSame(names(transformed(t, '<rules><rule xdt:Transform="Remove" /></rules>')), ['b', 'c'], 'the first, where several match')
  t.strictSame(names(transformed(t, '<rules><rule xdt:Transform="RemoveAll" /></rules>')), [])
})

test('SetAttributes and RemoveAttributes', async t => {
  const set = transformed(t, '<rules xdt:Transform="SetAttributes" useOriginalURLEncoding="true"><rule /></rules>')
  t.ok(set.options.urlRewrite?.rules?.every(one => one.useOriginalURLEncoding === true))
  const some = transformed(t, '<rules><rule name="x" enabled="false" stopProcessing="true" xdt:Transform="SetAttributes(enabled)" xdt:Locator="Condition(@name=\'b\')" /></rules>')
  t.match(some.options.urlRewrite?.rules?.[1], { name: 'b', enabled: false, stopProcessing: undefined })
  const all = transformed(t, '<rules><rule enabled="false" xdt:Transform="SetAttributes" /></rules>')
  t.ok(all.options.urlRewrite?.rules?.every(one => one.enabled === false))
  const removed = transformed(t, '<rules xdt:Transform="RemoveAttributes(useOriginalURLEncoding)" />', `<rules useOriginalURLEncoding="true">${rule('a')}</rules>`)
  t.notOk('useOriginalURLEncoding' in (removed.options.urlRewrite?.rules?.[0] ?? {}))
})

test('a transform that is not supported changes nothing, and is reported', async t => {
  for (const attributes of ['xdt:Transform="Import(assembly)"', 'xdt:Transform="Remove" xdt:Locator="XPath(//rule)"', 'xdt:Transform="Remove" xdt:Locator="Condition(contains(@name, \'a\'))"', 'xdt:Transform="InsertBefore(//rule)"']) {
    const config = transformed(t, `<rules><rule name="z" ${attributes} /></rules>`)
    t.strictSame(names(config), ['a', 'b', 'c'])
    t.ok(lost(config).includes('rule'), attributes)
    t.notOk(config.report.complete)
  }
})

test('a transform that matches nothing is reported to have no effect', async t => {
  const config = transformed(t, '<outboundRules><rule xdt:Transform="Remove" /></outboundRules>')
  t.match(config.report.rows.find(row => row.name === 'outboundRules'), { status: 'used', note: 'has no effect' })
})

test('a transform without a base file is read for what it inserts', async t => {
  const { options, report } = readConfigText(`<configuration ${XDT}>
    <system.webServer>
      <proxy xdt:Transform="InsertIfMissing" enabled="true" />
      <rewrite><globalRules xdt:Transform="Insert">${rule('g', ' xdt:Transform="InsertIfMissing" xdt:Locator="Match(name)"')}</globalRules></rewrite>
    </system.webServer>
    <location path="Site" xdt:Transform="Insert" xdt:Locator="Match(path)"><system.webServer><rewrite><rules>${rule('s')}</rules></rewrite></system.webServer></location>
    <other xdt:Transform="Remove" />
  </configuration>`, 'applicationHost.xdt')
  t.strictSame(options.upstreamProxy, {})
  t.strictSame(options.urlRewrite?.globalRules?.map(one => one.name), ['g'])
  t.strictSame(options.urlRewrite?.siteRules?.Site?.map(one => one.name), ['s'])
  t.ok(report.complete)
  const paths = report.rows.map(row => row.path)
  t.equal(new Set(paths).size, paths.length, 'no part is reported twice')
  t.ok(paths.includes('/configuration/system.webServer/rewrite/globalRules/rule/@xdt:Locator'))
  t.ok(paths.includes('/configuration/other'))
})

test('a broken transform, or one of another document, is an error', async t => {
  const dir = t.testdir({ 'web.config': '<configuration />', 'a.config': '<settings />', 'b.config': '<configuration>' })
  for (const name of ['a.config', 'b.config', 'none.config']) {
    t.throws(() => readConfig(join(dir, 'web.config'), { transforms: [join(dir, name)] }), { code: /^FST_ARR_IIS_CONFIG_/ }, name)
  }
})
