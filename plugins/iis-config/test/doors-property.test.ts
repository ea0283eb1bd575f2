import fc from 'fast-check'
import { test } from 'tap'
import { isIisConfigError, readConfigText, type IisConfig } from '../src/index.ts'
import { SECTIONS, accessFile, made } from './access-files.ts'

function read (xml: string, open?: readonly string[]): { readonly config: IisConfig } | { readonly needed: readonly string[] } {
  try {
    return { config: readConfigText(xml, 'web.config', open && { open }) }
  } catch (error) {
    if (!isIisConfigError(error) || error.code !== 'FST_ARR_IIS_CONFIG_CLOSED_DOORS') throw error
    return { needed: (error as unknown as { open: readonly string[] }).open }
  }
}

test('for any access sections, a file because of which IIS refuses a request is an error unless open names the sections that refuse it', async t => {
  let count = { refused: 0, open: 0 }
  fc.assert(fc.property(accessFile, one => {
    const { xml, asked } = made(one)
    const refused = asked.some(({ isRefused }) => isRefused)
    const first = read(xml)
    if ('config' in first) {
      if (refused) throw new Error(`it opens: ${xml}`)
      const limit = /<location/.test(xml) ? undefined : /maxAllowedContentLength="(\d+)"/.exec(xml)?.[1]
      if (first.config.options.upstreamProxy?.maxBodySize !== (limit === undefined ? undefined : Number(limit))) throw new Error(`it has another limit: ${xml}`)
      count = { ...count, open: count.open + 1 }
      return
    }
    if (refused) count = { ...count, refused: count.refused + 1 }
    // All names are needed: with one less the file is refused.
    for (const name of first.needed) {
      if ('config' in read(xml, first.needed.filter(other => other !== name))) throw new Error(`it opens without ${name}: ${xml}`)
    }
    const opened = read(xml, first.needed)
    if (!('config' in opened)) throw new Error(`it stays closed: ${xml}`)
    const told = new Set(opened.config.report.rows.filter(({ status }) => status === 'closes').map(({ section }) => section as string))
    if (first.needed.some(name => !told.has(name))) throw new Error(`it does not tell all: ${xml}`)
  }), { numRuns: 600 })
  t.ok(count.refused > 100 && count.open > 50, JSON.stringify(count))
})

test('a file with a single section is an error where IIS refuses a request because of it', async t => {
  for (const section of SECTIONS) {
    const found = fc.check(fc.property(section, one => {
      const { xml, asked } = made({ sections: [one], highBit: undefined, path: undefined })
      return !asked.some(({ isRefused }) => isRefused) || 'needed' in read(xml)
    }), { numRuns: 100 })
    t.equal(found.failed, false, JSON.stringify(found.counterexample))
  }
})
