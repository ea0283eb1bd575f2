import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { test } from 'tap'
import { convertToTypeScript, isIisConfigError, readConfigText } from '../src/index.ts'

const folder = fileURLToPath(new URL('fixtures', import.meta.url))
const files = readdirSync(folder).filter(name => /\.(config|xdt)$/.test(name)).map(name => readFileSync(join(folder, name), 'utf8'))

/** Reads any text: the result must be a configuration, or an error with a place. An endless loop is stopped by the test runner's time limit. */
function endures (xml: string, file: string): void {
  try {
    const config = readConfigText(xml, file)
    convertToTypeScript(config)
    JSON.stringify(config.report)
  } catch (error) {
    if (!isIisConfigError(error)) throw error
    if (error.problems.length === 0) throw new Error('an error without a problem')
    for (const { line, column } of error.problems) {
      if (!(line >= 1 && column >= 1 && line <= xml.split('\n').length + 1)) throw new Error(`a problem at ${line}:${column}`)
    }
  }
}

const seen = <T>(found: fc.RunDetails<T>): string => found.failed ? JSON.stringify([found.counterexample, String(found.errorInstance)]).replace(/[^ -~]/g, '?') : ''
const name = fc.constantFrom('web.config', 'applicationHost.config')

test('a file with pieces cut out, doubled or swapped is read, or refused with an error of this package', async t => {
  const piece = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), length: fc.nat(60), what: fc.constantFrom('cut', 'double', 'noise'), noise: fc.string({ unit: 'binary', maxLength: 8 }) })
  const found = fc.check(fc.property(fc.constantFrom(...files), name, fc.array(piece, { minLength: 1, maxLength: 5 }), (xml, file, pieces) => {
    for (const { at, length, what, noise } of pieces) {
      const start = Math.floor(at * xml.length)
      const cut = xml.slice(start, start + length)
      xml = xml.slice(0, start) + (what === 'cut' ? '' : what === 'double' ? cut + cut : noise) + xml.slice(start + length)
    }
    endures(xml, file)
  }), { numRuns: 250 })
  t.equal(seen(found), '')
})

test('well-formed files with values, names and elements in the wrong places are read or refused', async t => {
  const words = [...new Set(files.flatMap(xml => xml.match(/[\w.]+(?==")|(?<=<)[\w.]+|(?<==")[^"]*/g) ?? []))]
  const found = fc.check(fc.property(fc.constantFrom(...files), name, fc.array(fc.tuple(fc.nat(), fc.constantFrom(...words, '', '-1', '{', '(', 'true', '99999999999')), { minLength: 1, maxLength: 6 }), (xml, file, changes) => {
    const parts = xml.split(/(?<==")([^"]*)(?=")/)
    // Odd indices are the values of attributes.
    for (const [at, word] of changes) parts[(at % Math.max(1, Math.floor(parts.length / 2))) * 2 + 1] = word
    endures(parts.join(''), file)
  }), { numRuns: 250 })
  t.equal(seen(found), '')
})

test('files crafted to be slow are read or refused quickly', async t => {
  const big = 1_000_000
  const attack = [
    `<configuration>${'<!--'.repeat(big / 4)}`,
    `<configuration a="${'&'.repeat(big)}"/>`,
    `<configuration a="${'&a'.repeat(big / 2)}"/>`,
    `<configuration><system.webServer><httpRedirect enabled="true" destination="${'/'.repeat(big)}x" /></system.webServer></configuration>`,
    `<configuration><system.webServer><rewrite><rules><rule name="a"><match url="x" /><action type="Rewrite" url="${'{'.repeat(big / 2)}${'}'.repeat(big / 2)}" /></rule></rules></rewrite></system.webServer></configuration>`,
    `<configuration xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform"><a xdt:Transform="Remove" xdt:Locator="Condition(${') '.repeat(big / 2)}x" /></configuration>`,
    `<configuration><system.webServer><proxy timeout="${' '.repeat(big)}x" /></system.webServer></configuration>`,
    `<configuration>${'<location path="a"/>'.repeat(20_000)}</configuration>`
  ]
  for (const [index, xml] of attack.entries()) {
    t.doesNotThrow(() => endures(xml, 'web.config'), `number ${index}`)
  }
})
