import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { isIisConfigError, readConfig, readConfigText } from '../src/index.ts'

function failure (run: () => unknown): { code: string, message: string, line: number, count: number } {
  try {
    run()
  } catch (error) {
    if (!isIisConfigError(error)) throw error
    return { code: error.code.replace('FST_ARR_IIS_CONFIG_', ''), message: error.message, line: error.problems[0]?.line ?? 0, count: error.problems.length }
  }
  throw new Error('it was accepted')
}

const rule = (inside: string): string => `<configuration>
  <system.webServer>
    <rewrite>
      <rules>
        ${inside}
      </rules>
    </rewrite>
  </system.webServer>
</configuration>`

const wrong = [
  ['text that is not XML', 'server { listen 80; }', 'INVALID_XML', 1, 'not well-formed'],
  ['an empty file', '', 'INVALID_XML', 1, 'root element'],
  ['a file that ends early', '<configuration>\n<system.webServer>\n', 'INVALID_XML', 2, 'unclosed tag: system.webServer'],
  ['an attribute given twice', '<configuration>\n <a b="1" b="2"/></configuration>', 'INVALID_XML', 2, 'duplicate attribute'],
  ['an ampersand by itself', '<configuration>\n\n<a b="x?a=1&b=2"/></configuration>', 'INVALID_XML', 3, 'write &amp;'],
  ['a prefix that is not declared', '<configuration>\n<a xdt:Transform="Insert"/></configuration>', 'INVALID_XML', 2, 'xdt'],
  ['a DOCTYPE', '<?xml version="1.0"?>\n<!DOCTYPE configuration SYSTEM "http://example.com/x.dtd">\n<configuration/>', 'INVALID_XML', 2, 'DOCTYPE'],
  ['another root', '\n<settings/>', 'WRONG_ROOT', 2, '<settings>'],
  ['an unknown pattern syntax', rule('<rule name="a" patternSyntax="Perl"><match url="x"/></rule>'), 'INVALID_VALUE', 5, 'patternSyntax="Perl" is not one of ECMAScript, Wildcard, ExactMatch'],
  ['an unknown action', rule('<rule name="a"><match url="x"/>\n<action type="Proxy"/></rule>'), 'INVALID_VALUE', 6, 'type="Proxy"'],
  ['a flag that is neither', rule('<rule name="a" stopProcessing="yes"><match url="x"/></rule>'), 'INVALID_VALUE', 5, 'not one of true, false'],
  ['a pattern that does not compile', rule('<rule name="a"><match url="(x"/></rule>'), 'INVALID_VALUE', 5, 'Unterminated group'],
  ['an inline option of .NET', rule('<rule name="a"><match url="(?i)x"/></rule>'), 'INVALID_VALUE', 5, '(?i) is .NET'],
  ['a pattern with a back-reference', rule('<rule name="a"><match url="(a+)\\1"/><action type="AbortRequest"/></rule>'), 'INVALID_VALUE', 5, 'url-rewrite refuses it'],
  ['a look-ahead with two runs behind it', rule('<rule name="a"><match url="x"/>\n<conditions>\n<add input="{URL}" pattern="^(?!x)(.*)-(.*)-(.*)$"/></conditions><action type="CustomResponse" statusCode="403"/></rule>'), 'INVALID_VALUE', 7, 'url-rewrite refuses it'],
  ['a variable whose name is none', rule('<rule name="a"><match url="x"/>\n<serverVariables><set name="HTTP X" value="1"/></serverVariables></rule>'), 'INVALID_VALUE', 6, 'no name of a server variable'],
  ['a precondition that asks what is not there', rule('</rules><outboundRules>\n<preConditions><preCondition name="p"><add input="{m:{URL}}" pattern="x"/></preCondition></preConditions></outboundRules><rules>'), 'INVALID_VALUE', 6, 'no rewrite map of this name'],
  ['groups in groups in groups', rule(`<rule name="a"><match url="(?=a)${'('.repeat(3000)}a${')'.repeat(3000)}"/><action type="AbortRequest"/></rule>`), 'INVALID_VALUE', 5, 'url-rewrite refuses it'],
  ['more elements than anybody writes', rule('<a/>'.repeat(200_000)), 'INVALID_XML', 5, 'more than 200000 elements'],
  ['a condition whose pattern does not compile', rule('<rule name="a"><match url="x"/>\n<conditions>\n<add input="{URL}" pattern="["/></conditions></rule>'), 'INVALID_VALUE', 7, 'does not compile'],
  ['a rule without name', rule('<rule><match url="x"/></rule>'), 'INVALID_VALUE', 5, '<rule> needs name'],
  ['two rules of one name', rule('<rule name="a"><match url="x"/></rule>\n<rule name="A"><match url="x"/></rule>'), 'INVALID_VALUE', 6, 'a second <rule> with name="A"; the first is at web.config:5:9'],
  ['a redirect as a custom response', rule('<rule name="a"><match url="x"/><action type="CustomResponse" statusCode="301"/></rule>'), 'INVALID_VALUE', 5, 'is a redirect'],
  ['a status out of range', rule('<rule name="a"><match url="x"/><action type="CustomResponse" statusCode="1200"/></rule>'), 'INVALID_VALUE', 5, 'from 200 to 599']
] as const

for (const [what, xml, code, line, message] of wrong) {
  test(`${what} is one error with its line`, async t => {
    const found = failure(() => readConfigText(xml))
    t.equal(found.code, code)
    t.equal(found.line, line)
    t.ok(found.message.startsWith(`web.config:${line}:`), found.message)
    t.match(found.message, message)
  })
}

test('all wrong values are in one error, in the order of the file', async t => {
  const found = failure(() => readConfigText(rule('<rule name="a" enabled="1x"><match url="("/></rule>\n<rule name="b"><match url="x"/><action type="Go"/></rule>')))
  t.equal(found.count, 3)
  t.equal(found.message.split('\n').length, 3)
})

test('entities that expand exponentially are refused before they are expanded', async t => {
  const laughs = Array.from({ length: 9 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join('\n')
  const xml = `<?xml version="1.0"?>\n<!DOCTYPE lolz [\n<!ENTITY l0 "lol">\n${laughs}\n]>\n<configuration a="&l9;"/>`
  const before = process.memoryUsage().heapUsed
  const found = failure(() => readConfigText(xml))
  t.equal(found.code, 'INVALID_XML')
  t.equal(found.line, 2)
  t.ok(process.memoryUsage().heapUsed - before < 50_000_000, 'and nothing was expanded')
})

test('an entity other than the five of XML is refused', async t => {
  t.match(failure(() => readConfigText('<configuration>\n<a b="&nbsp;"/></configuration>')), { code: 'INVALID_XML', line: 2 })
})

test('elements nested too deep are refused', async t => {
  t.match(failure(() => readConfigText(`<configuration>${'<a>'.repeat(100_000)}`)).message, 'nested')
})

test('a file of 50 MB is refused before it is opened', async t => {
  const dir = t.testdir()
  const file = join(dir, 'web.config')
  writeFileSync(file, Buffer.alloc(50 * 1024 * 1024, ' '))
  t.match(failure(() => readConfig(file)), { code: 'UNREADABLE', message: 'maxBytes' })
})

test('the error for a missing file or a directory names it', async t => {
  t.match(failure(() => readConfig('/no/such/web.config')), { code: 'UNREADABLE', message: 'ENOENT' })
  t.match(failure(() => readConfig(t.testdir())), { code: 'UNREADABLE', message: 'not a file' })
})

test('an attribute with the name of a JavaScript property, such as __proto__, is an ordinary attribute', async t => {
  const { report } = readConfigText(rule('<rule name="a" __proto__="1" constructor="2"><match url="x"/></rule>'))
  t.strictSame(report.rows.filter(row => row.status === 'unsupported').map(row => row.name), ['__proto__', 'constructor'])
})

const plain = '<?xml version="1.0" encoding="UTF-8"?>\r\n<!-- é -->\r\n<configuration>\r\n  <other/></configuration>'

test('encodings common on Windows are read: byte order marks, UTF-16, code pages', async t => {
  const utf16 = plain.replace('UTF-8', 'UTF-16')
  const be = Buffer.from(utf16, 'utf16le').swap16()
  const files = {
    'utf8.config': Buffer.from(plain),
    'utf8-mark.config': Buffer.from(`\uFEFF${plain}`),
    'utf16le-mark.config': Buffer.from(`\uFEFF${utf16}`, 'utf16le'),
    'utf16be-mark.config': Buffer.concat([Buffer.from([0xFE, 0xFF]), be]),
    'utf16le.config': Buffer.from(utf16, 'utf16le'),
    'utf16be.config': be,
    'latin1.config': Buffer.from(plain.replace('UTF-8', 'windows-1252'), 'latin1')
  }
  const dir = t.testdir()
  for (const [name, bytes] of Object.entries(files)) {
    writeFileSync(join(dir, name), bytes)
    t.match(readConfig(join(dir, name)).report.sections, [{ path: '/configuration/other', line: 4, column: 3 }], name)
  }
})

test('bytes that are invalid in their encoding are an error with the line', async t => {
  const dir = t.testdir()
  const write = (bytes: Buffer): string => {
    writeFileSync(join(dir, 'web.config'), bytes)
    return join(dir, 'web.config')
  }
  t.match(failure(() => readConfig(write(Buffer.from(plain, 'latin1')))), { code: 'INVALID_ENCODING', line: 2 })
  t.match(failure(() => readConfig(write(Buffer.from(plain.replace('UTF-8', 'UTF-16'))))), { code: 'INVALID_ENCODING', line: 1 })
  t.match(failure(() => readConfig(write(Buffer.from(plain.replace('UTF-8', 'klingon'))))), { code: 'INVALID_ENCODING', message: 'klingon' })
})
