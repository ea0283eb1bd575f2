// Whatever a file's access sections are: what IIS refuses is refused by the options, or the file is an error unless `open` says so.
import fc from 'fast-check'
import { test } from 'tap'
import { isIisConfigError, readConfigText, type IisConfig } from '../src/index.ts'
import { SECTIONS, accessFile, isFiltered, made } from './access-files.ts'

function read (xml: string, open?: readonly string[]): { readonly config: IisConfig } | { readonly needed: readonly string[] } {
  try {
    return { config: readConfigText(xml, 'web.config', open && { open }) }
  } catch (error) {
    if (!isIisConfigError(error) || error.code !== 'FST_ARR_IIS_CONFIG_CLOSED_DOORS') throw error
    return { needed: (error as unknown as { open: readonly string[] }).open }
  }
}

test('for any access sections, the options refuse what IIS refuses and nothing else, or the file is an error unless open names the sections that refuse it', async t => {
  const count = { closed: 0, open: 0, refused: 0, passed: 0 }
  fc.assert(fc.property(accessFile, one => {
    const { xml, asked } = made(one)
    const first = read(xml)
    if ('config' in first) {
      for (const { isRefused, ...request } of asked) {
        if (isFiltered(first.config.options.requestFilter, request) !== isRefused) throw new Error(`${isRefused ? 'it lets in' : 'it refuses'} ${JSON.stringify(request)}: ${xml}`)
        count[isRefused ? 'refused' : 'passed']++
      }
      count.open++
      return
    }
    count.closed++
    // All names are needed: with one less the file is refused.
    for (const name of first.needed) {
      if ('config' in read(xml, first.needed.filter(other => other !== name))) throw new Error(`it opens without ${name}: ${xml}`)
    }
    const opened = read(xml, first.needed)
    if (!('config' in opened)) throw new Error(`it stays closed: ${xml}`)
    const told = new Set(opened.config.report.rows.filter(({ status }) => status === 'closes').map(({ section }) => section as string))
    if (first.needed.some(name => !told.has(name))) throw new Error(`it does not tell all: ${xml}`)
  }), { numRuns: 600 })
  t.ok(Object.values(count).every(one => one > 50), JSON.stringify(count))
})

test('a file with a single section is an error, or its options refuse each request that IIS refuses', async t => {
  for (const section of SECTIONS) {
    const found = fc.check(fc.property(section, one => {
      const { xml, asked } = made({ sections: [one], highBit: undefined, path: undefined })
      const got = read(xml)
      return 'needed' in got || asked.every(({ isRefused, ...request }) => !isRefused || isFiltered(got.config.options.requestFilter, request))
    }), { numRuns: 100 })
    t.equal(found.failed, false, JSON.stringify(found.counterexample))
  }
})

test('what open names is refused neither by an error nor by the options', async t => {
  const names = ['verbs', 'fileExtensions', 'hiddenSegments', 'denyUrlSequences', 'denyQueryStringSequences', 'filteringRules', 'requestLimits', 'allowHighBitCharacters', 'ipSecurity', 'dynamicIpSecurity']
  fc.assert(fc.property(accessFile, one => {
    const { xml, asked } = made(one)
    const got = read(xml, [...names, 'access', 'anonymousAuthentication', 'authorization', 'serverRuntime'])
    return 'config' in got && asked.every(request => !isFiltered(got.config.options.requestFilter, request))
  }), { numRuns: 200 })
  t.pass()
})
