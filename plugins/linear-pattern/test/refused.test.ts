// What is refused, and what does the error say?

import t from 'tap'
import { linearPattern } from '../src/index.ts'

t.test('what is no regular expression is refused with the language\'s own reason', async t => {
  t.throws(() => linearPattern('('), {
    name: 'PatternError',
    code: 'FST_ARR_LINEAR_PATTERN_INVALID',
    message: '"(" is not a regular expression (Unterminated group)',
    cause: { name: 'SyntaxError' }
  })
})

t.test('what no engine runs in linear time is refused', async t => {
  for (const source of ['(a+)+(?=b)', '(a|aa)\\1+$', '(?<=a+)b']) {
    t.throws(() => linearPattern(source), {
      code: 'FST_ARR_LINEAR_PATTERN_UNSAFE',
      message: `"${source}" is not proven to be quick on every input, and has look-arounds, back-references or other things that the linear-time engine can't run`
    }, source)
  }
})

t.test('with the native engine alone, what is not proven linear is refused', async t => {
  t.ok(linearPattern('(a+)+$'))
  t.throws(() => linearPattern('(a+)+$', { engine: 'native' }), {
    code: 'FST_ARR_LINEAR_PATTERN_UNSAFE',
    message: '"(a+)+$" is not proven to be quick on every input'
  })
  t.same(Array.from(linearPattern('^a(.*)', { engine: 'native' }).exec('ab') ?? []), ['ab', 'b'])
})

t.test('a pattern that is exponential when backtracking answers on an input made to hang it', async t => {
  t.equal(linearPattern('^(a+)+$').exec(`${'a'.repeat(5000)}!`), null)
})
