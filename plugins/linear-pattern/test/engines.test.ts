// Whatever engine a pattern runs under, the answer is the one that the language's own gives.

import { deepEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { linearPattern, type LinearPattern } from '../src/index.ts'
import { nativeEngine } from '../src/native.ts'

const linear = (source: string, ignoreCase: boolean): LinearPattern => linearPattern(source, { ignoreCase })

t.test('RE2\'s engine gives what the language\'s own gives', async t => {
  for (const source of ['(.*)/(.*)', '(a+)+$', '([^&]*&)*id=([^&]*)', '(.*/)*index\\.html$', '\\s+$', '(?:x|^)([^?]*)\\?(.*)', '([a-z]+)([0-9]*)x', '(é+)+b']) {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '/', '&', '?', 'x', '1', ' ', 'é', '😀', '\n', 'I', 'id=', 'index.html') }), text => {
      deepEqual(Array.from(linear(source, true).exec(text) ?? []), Array.from(nativeEngine(source, true).exec(text) ?? []), `${source} on ${text}`)
      deepEqual(linear(source, true).spans(text, 1), nativeEngine(source, true).spans(text, 1), `${source} on ${text}, from the second character`)
    }), { numRuns: 200 })
    t.pass(source)
  }
})

t.test('searching for a pattern\'s literal text first changes no answer', async t => {
  for (const source of ['^shop/(.*)', '^/?shop', 'shop/(\\d)$', '^(?!x)shop', 'sh(o)p', '^[s]hop(s?)', 'a?shop\\.', '(s)(h)op|x', '(.*)/shop/(.*)']) {
    for (const ignoreCase of [true, false]) {
      const pattern = linearPattern(source, { ignoreCase })
      fc.assert(fc.property(fc.string({ unit: fc.constantFrom('shop', 'SHOP', 'Shop', 's', '/', 'x', '.', '1', 'İ', '\n') }), text => {
        deepEqual(Array.from(pattern.exec(text) ?? []), Array.from(nativeEngine(source, ignoreCase).exec(text) ?? []), `${source} on ${text}`)
      }), { numRuns: 200 })
    }
    t.pass(source)
  }
})

t.test('a match is texts or positions, with a group that took no part marked in both', async t => {
  for (const source of ['(a)|(b)', '(a)|(b)+$']) {
    const pattern = linearPattern(source)
    t.same(Array.from(pattern.exec('xb') ?? []), ['b', undefined, 'b'], source)
    t.same(pattern.spans('xb', 0), [1, 2, -1, -1, 1, 2], source)
    t.equal(pattern.spans('xb', 2), null, source)
    t.equal(pattern.spans('xb', 3), null, source)
  }
})

t.test('case counts unless it is ignored, and the dot matches line breaks', async t => {
  t.equal(linearPattern('^A(.*)$').exec('a'), null)
  t.ok(linearPattern('^A(.*)$', { ignoreCase: true }).exec('a\nb'))
  t.ok(linearPattern('(.*)A(.*)$', { ignoreCase: true }).exec('\na\nb'))
})
