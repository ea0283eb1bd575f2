// Nothing in a rule with enabled="false" refuses the file, except a missing name: IIS does not run such a rule.
import { test } from 'tap'
import { isIisConfigError, readConfigText, type Report, type Row } from '../src/index.ts'

const file = (inside: string): string => `<configuration><system.webServer><rewrite>${inside}</rewrite></system.webServer></configuration>`
const OFF = /^the rule is switched off; enabled, it would not be taken: /

/** The rows about rules that are switched off, as line and note. */
const told = (report: Report): [number, string][] =>
  report.rows.filter(({ note = '' }) => OFF.test(note)).map((row: Row): [number, string] => [row.line, row.note?.replace(OFF, '') ?? ''])

function problems (xml: string): string[] {
  try {
    readConfigText(xml)
  } catch (error) {
    if (isIisConfigError(error)) return error.problems.map(({ message }) => message)
    throw error
  }
  return []
}

const inbound = (off: string): [string, string, RegExp][] => [
  ['a pattern that nothing runs, of a rule that refuses', `<rule name="a"${off}><match url="(a+)\\1"/><action type="AbortRequest"/></rule>`, /^a request could make its pattern run for seconds/],
  ['a pattern that does not compile', `<rule name="a"${off}><match url="(x"/></rule>`, /^the pattern does not compile/],
  ['such a pattern in a condition', `<rule name="a"${off}><match url="x"/><conditions><add input="{URL}" pattern="["/></conditions></rule>`, /^the pattern does not compile/],
  ['an unknown word', `<rule name="a"${off} patternSyntax="Perl"><match url="x"/></rule>`, /^patternSyntax="Perl"/],
  ['a variable whose name is none', `<rule name="a"${off}><match url="x"/><serverVariables><set name="HTTP X" value=""/></serverVariables></rule>`, /no name of a server variable/],
  ['braces that do not match', `<rule name="a"${off}><match url="x"/><action type="Rewrite" url="{R:1"/></rule>`, /^url="\{R:1"/]
]

const leftOut = (off: string): [string, string, RegExp][] => [
  ['a pattern that nothing runs', `<rule name="a"${off}><match url="(a+)\\1"/></rule>`, /^a request could make its pattern run for seconds/],
  ['a rule without match', `<rule name="a"${off}/>`, /^it has no <match>/],
  ['a map that is not there', `<rule name="a"${off}><match url="x"/><action type="Rewrite" url="{m:{R:0}}"/></rule>`, /^it asks \{m:…\}/],
  ['a target that is none', `<rule name="a"${off}><match url="x"/><action type="Rewrite" url="ftp://b/"/></rule>`, /^its url/]
]

for (const [index, [what, , note]] of [...inbound(''), ...leftOut('')].entries()) {
  const of = (off: string): string => file(`<rules>\n${([...inbound(off), ...leftOut(off)][index] as [string, string, RegExp])[1]}</rules>`)
  test(`${what} in a rule that is switched off is told, and the rule stays as it is`, async t => {
    const { report, options } = readConfigText(of(' enabled="false"'))
    const [first] = told(report)
    t.equal(first?.[0], 2)
    t.match(first?.[1], note)
    t.ok(report.complete)
    t.match(options.urlRewrite?.rules, [{ name: 'a', enabled: false }])
  })
  test(`${what} in a rule that is on is no less than before`, async t => {
    if (index < inbound('').length) t.match(problems(of('')), [note])
    else t.match(readConfigText(of('')).report, { complete: false })
  })
}

test('the same applies to outbound rules', async t => {
  const outbound = (off: string): string => file(`<outboundRules>
    <rule name="a"${off}><match pattern="(a+)\\1"/></rule>
    <rule name="b"${off} preCondition="none"><match pattern="x"/></rule></outboundRules>`)
  const { report, options } = readConfigText(outbound(' enabled="0"'))
  t.match(told(report), [[2, /^a request could make/], [3, /no file that was read has a precondition/]])
  t.ok(report.complete)
  t.match(options.urlRewrite?.outboundRules?.rules.map(({ name, enabled }) => [name, enabled]), [['a', false], ['b', false]])
  t.match(readConfigText(outbound('')).report, { complete: false })
})

test('a rule behind it is read as before, and a rule without a name is refused', async t => {
  t.match(problems(file('<rules><rule name="a" enabled="false"><match url="("/></rule><rule name="b"><match url="("/></rule></rules>')), [/does not compile/])
  t.match(problems(file('<rules><rule enabled="false"><match url="x"/></rule></rules>')), [/<rule> needs name/])
})
