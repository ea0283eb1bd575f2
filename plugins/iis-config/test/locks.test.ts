import { test } from 'tap'
import { location, places, readServer, rewrite, row, rule, rules } from './copied.ts'

const declared = (name: string, attributes: string): string => `<configSections><sectionGroup name="system.webServer"><sectionGroup name="rewrite"><section name="${name}" ${attributes} /></sectionGroup></sectionGroup></configSections>`
const list = (attributes: string, inside = rule('server')): string => rewrite(`<rules ${attributes}>${inside}</rules>`)
const own = { 'C/shop/web.config': rules('own'), 'D/app/web.config': rules('app') }

/** What applicationHost.config says, what the files of Shop and its application say, the rules that are left, and what the lock is called. */
const CASES: readonly (readonly [what: string, server: string, files: Record<string, string>, left: Record<string, string>, why: RegExp | null])[] = [
  ['overrideModeDefault="Deny" locks a section', declared('rules', 'overrideModeDefault="Deny"'), own, {}, /unless a <location overrideMode="Allow">/],
  ['a <location> of applicationHost.config unlocks it for one site', declared('rules', 'overrideModeDefault="Deny"') + location('Shop', rules(), 'overrideMode="Allow"'), { ...own, 'C/blog/web.config': rules('blog') }, { Shop: 'own', 'Shop/app': 'app' }, /unless/],
  ['a <location> for all sites unlocks it', declared('rules', 'overrideModeDefault="Deny"') + location('', rules(), 'overrideMode="Allow"'), own, { Shop: 'own', 'Shop/app': 'app' }, null],
  ['what is for applicationHost.config alone can not be unlocked', declared('rules', 'allowDefinition="AppHostOnly"') + location('Shop', rules(), 'overrideMode="Allow"'), own, { Shop: '' }, /for applicationHost\.config alone/],
  ['overrideMode="Deny" locks a section for one directory', location('Shop/app', rules('closed'), 'overrideMode="Deny"'), own, { Shop: 'own', 'Shop/app': 'closed' }, /<location> at .*applicationHost\.config:\d+:\d+ locks it/],
  ['allowOverride="false" is the same', location('Shop/app', rules('closed'), 'allowOverride="false"'), own, { Shop: 'own', 'Shop/app': 'closed' }, /<location> at/],
  ['overrideMode="Inherit" says nothing', location('Shop/app', rules('closed'), 'overrideMode="Inherit"'), own, { Shop: 'own', 'Shop/app': 'closed app' }, null],
  ['a web.config locks for the directories below it, and not for itself', '', { 'C/shop/web.config': location('.', rules('own'), 'overrideMode="Deny"') + location('app', rules('here')), 'D/app/web.config': rules('app') }, { Shop: 'own', 'Shop/app': 'here' }, /shop.web\.config:1:\d+ locks it/],
  ['a <location> of the same file is not locked', list('lockItem="true"') + location('Shop', rules('own')), {}, { Shop: 'own' }, null],
  ['lockItem on a section locks it', list('lockItem="true"'), own, {}, /lockItem at/],
  ['lockItem on a rule keeps it from being removed', list('', '<rule name="server" lockItem="true"><match url=".*" /></rule>'), { 'C/shop/web.config': rewrite(`<rules><remove name="SERVER" />${rule('own')}</rules>`) }, {}, /lockItem at .* keeps <remove>/],
  ['and the list from being cleared', list('', '<rule name="server" lockItem="true"><match url=".*" /></rule>'), { 'C/shop/web.config': rewrite(`<rules><clear />${rule('own')}</rules>`) }, {}, /lockItem at .* keeps <clear>/],
  ['rules beside it are added, and others removed', list('', `<rule name="server" lockItem="true"><match url=".*" /></rule>${rule('other')}`), { 'C/shop/web.config': rewrite(`<rules><remove name="other" />${rule('own')}</rules>`) }, { Shop: 'server own', Blog: 'server other' }, null],
  ['lockElements="clear,remove" lets rules be added alone', list('lockElements="clear,remove"'), { 'C/shop/web.config': rewrite(`<rules><clear />${rule('own')}</rules>`), 'D/app/web.config': rules('app') }, { 'Shop/app': 'app' }, /lockElements="clear,remove" at .* locks <clear>/],
  ['lockElements="*" locks every element', list('lockElements="*"'), own, {}, /locks <rule>/],
  ['lockAllElementsExcept spares what it names', list('lockAllElementsExcept="rule"'), { 'C/shop/web.config': rewrite(`<rules><remove name="server" />${rule('own')}</rules>`), 'D/app/web.config': rules('app') }, { 'Shop/app': 'app' }, /lockAllElementsExcept="rule" at .* locks <remove>/],
  ['lockAttributes locks an attribute, whatever its value', list('lockAttributes="useOriginalURLEncoding"'), { 'C/shop/web.config': list('useOriginalURLEncoding="true"', rule('own')), 'D/app/web.config': rules('app') }, { 'Shop/app': 'app' }, /lockAttributes="useOriginalURLEncoding" at .* locks useOriginalURLEncoding/],
  ['lockAllAttributesExcept locks the others', list('lockAllAttributesExcept="x, y"'), { 'C/shop/web.config': list('useOriginalURLEncoding="true"', rule('own')) }, {}, /lockAllAttributesExcept="x, y" at .* locks useOriginalURLEncoding/]
]

for (const [what, server, files, left, why] of CASES) {
  test(what, async t => {
    const config = readServer(t, server, files)
    t.strictSame(places(config), left)
    const locked = config.report.mistakes.filter(({ code }) => code === 'locked-section')
    if (why === null) t.strictSame(locked, [])
    else t.match(locked[0]?.message, why)
    for (const { file, line, column } of locked) {
      t.match(config.report.rows.find(row => row.file === file && row.line === line && row.column === column), { status: 'unsupported', name: 'rules', note: 'IIS answers 500.19' })
    }
    t.equal(config.report.rows.filter(({ name, status }) => /^(lock|override|allowOverride)/.test(name) && status !== 'used').length, 0, 'the locks themselves are used')
  })
}

test('without <configSections>, what IIS, URL Rewrite and ARR lock as they are installed is locked', async t => {
  const config = readServer(t, '', { 'C/shop/web.config': `<system.webServer><proxy enabled="false" /><webSocket enabled="false" /><rewrite><globalRules>${rule('g')}</globalRules><allowedServerVariables><add name="X" /></allowedServerVariables><rules>${rule('own')}</rules></rewrite></system.webServer>` })
  t.strictSame(config.report.mistakes.map(({ code, message }) => `${code} ${/<\w+>/.exec(message)?.[0] ?? ''}`), ['<proxy>', '<webSocket>', '<globalRules>', '<allowedServerVariables>'].map(name => `locked-section ${name}`))
  t.strictSame(places(config), { Shop: 'own' })
  t.strictSame(Object.keys(config.options).sort(), ['hostRouting', 'listeners', 'staticContent', 'urlRewrite'])
  t.match(row(config, 'shop/web.config', 'rewrite/globalRules/rule/@name'), { status: 'unsupported' })
})
