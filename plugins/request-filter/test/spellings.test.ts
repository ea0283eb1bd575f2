// A filter lets through nothing that its rule refuses, however it is written, and refuses nothing that it lets in.
import t from 'tap'
import fc from 'fast-check'
import type { FastifyRequest } from 'fastify'
import type { Check } from '../src/filter/check.ts'
import type { RequestFilteringOptions } from '../src/index.ts'
import { compileRequestFiltering } from '../src/request-filtering/compile.ts'
import { Target } from '../src/url/target.ts'
import { anyPath, spellings } from './spellings.ts'

const compiled = (options: RequestFilteringOptions): Check => {
  const mistakes: string[] = []
  const check = compileRequestFiltering(options, 'requestFiltering', mistakes)
  if (check === null || mistakes.length > 0) throw new Error(mistakes.join('; '))
  return check
}
const request = { method: 'GET', raw: { headers: {}, rawHeaders: [] } } as unknown as FastifyRequest
const ask = (check: Check, url: string): string | null => check({ request, reply: {} as never, target: new Target(url), isWebSocket: false })?.reason ?? null

const DENIALS: readonly RequestFilteringOptions[] = [
  { hiddenSegments: ['secret'] },
  { denyUrlSequences: ['secret'] },
  { filteringRules: [{ name: 'a', scanUrl: true, denyStrings: ['secret'], denyUnescapedPercent: false }] },
  { fileExtensions: { fileExtensions: { '.secret': false } } },
  { fileExtensions: { allowUnlisted: false, fileExtensions: { '.': true, '.html': true } } },
  { filteringRules: [{ name: 'a', scanUrl: true, denyStrings: ['e'], appliesTo: ['.secret'], denyUnescapedPercent: false }] }
]

for (const allowDoubleEscaping of [true, false]) {
  t.test(`property: no spelling of what is refused is let in, with double escaping ${allowDoubleEscaping ? 'allowed' : 'refused'}`, async () => {
    for (const options of DENIALS) {
      const check = compiled({ ...options, allowDoubleEscaping })
      const path = options.fileExtensions !== undefined || options.filteringRules?.[0]?.appliesTo !== undefined ? '/a/b.secret' : '/a/secret'
      fc.assert(fc.property(spellings(path), url => {
        if (ask(check, url) === null) throw new Error(`${url} is let in by ${JSON.stringify(options)}`)
      }), { numRuns: 3000 })
    }
  })
}

t.test('property: what is let in is let in in every spelling that all servers read alike', async () => {
  const check = compiled({ ...Object.assign({}, ...DENIALS.slice(0, 5)) as RequestFilteringOptions, verbs: { allowUnlisted: false, verbs: { GET: true } } })
  const letter = fc.constantFrom('a', 'B', '%61', '%7A', '-', '_', '~', '%2D', '%C3%A9', '%20x', 'secre', 't')
  const segment = fc.array(letter, { minLength: 1, maxLength: 4 }).map(letters => letters.join('')).filter(text => !/secret/i.test(decodeURIComponent(text)))
  const url = fc.tuple(fc.constantFrom('', 'http://localhost'), fc.array(fc.tuple(fc.constantFrom('/', '/', '//', '/./', '/x/../'), segment).map(two => two.join('')), { minLength: 1, maxLength: 5 }), fc.constantFrom('', '.html', '.HTML', '.%68tml', '/'), fc.constantFrom('', '?secret', '?a=%252e'))
    .map(([front, segments, end, query]) => front + segments.join('') + end + query)
    // To go up behind an empty segment leads to different places.
    .filter(one => !one.includes('..') || !/[^:]\/\/|^\/\//.test(one))
  fc.assert(fc.property(url, one => {
    const reason = ask(check, one)
    if (reason !== null) throw new Error(`${one} is refused: ${reason}`)
  }), { numRuns: 5000 })
})

t.test('property: any path has readings in bounded time, none with a dot segment, and reading one again changes nothing', async () => {
  fc.assert(fc.property(anyPath, path => {
    const { resolved, steps } = new Target(path).readings
    if (resolved.length > 18 || steps.length > 3) throw new Error(`${path} has ${resolved.length} readings`)
    for (const reading of resolved) if (!reading.startsWith('/') || /\/\.\.?(?:\/|$)|\/\//.test(reading)) throw new Error(`${path} is read as ${reading}`)
  }), { numRuns: 5000 })
})

t.test('property: no spelling of a query gets past a sequence that is refused', async () => {
  const check = compiled({ denyQueryStringSequences: ['drop table'] })
  const letter = (character: string): fc.Arbitrary<string> => fc.constantFrom(character, character.toUpperCase(), `%${character.charCodeAt(0).toString(16)}`, `%u00${character.charCodeAt(0).toString(16)}`, ...character === ' ' ? ['+'] : [])
  const query = fc.tuple(...Array.from('drop table', letter)).map(letters => letters.join('')).filter(text => !text.includes(' '))
  fc.assert(fc.property(query, fc.constantFrom('', 'a=', 'a=%25&'), (text, front) => {
    if (ask(check, `/?${front}${text}`) !== 'denyQueryStringSequences') throw new Error(text)
  }), { numRuns: 2000 })
})
