// Which patterns are proven linear, and which are not?

import t from 'tap'
import { isLinear } from '../src/index.ts'

t.test('common patterns are proven linear', async t => {
  for (const source of [
    '(.*)', '^(.*)$', '.*', '^$', 'localhost', '^api/(.*)', '^(www\\.)(.*)$', '^/([a-zA-Z]+)/([0-9]+)/$', 'p2=([a-z]+)', '^([^/]+)/?$',
    '^([_0-9a-z-]+)/([_0-9a-z-]+)/?$', '^([_0-9a-zA-Z-]+/)?(wp-.*)', '^(https?)://', '^(.+)://', '^(?!api/)(.*)$', '\\.(jpg|png|gif)$',
    '^(?!.*\\.php).*$', '^((?!api).)*$', '^.*(bot|crawler).*$', '^(.*)/api/(.*)$', '^text/html', '3\\d\\d', '^(?:a|b)+$'
  ]) t.ok(isLinear(source, true), source)
})

t.test('no pattern that can be made to backtrack much is proven', async t => {
  for (const source of [
    '(a+)+$', '^(a|a)*b', '^(\\w+\\s?)*$', '(.*)/(.*)', '(.*)foo', '\\s+$', '.*\\.aspx$', '^(.*/)*index\\.html$', '([^&]*&)*id=([^&]*)', '^.*a.*b',
    '(a+)+(?=b)', '^(?=(a+)+b)', '(a|aa)\\1+$', '^[a-z]{1,30}[a-z]{1,30}[a-z]{1,30}$', '(?<=a+)b', '^(a?){30}a{30}$', '^\\d+\\d+x', '(?:a|ab)*c'
  ]) t.notOk(isLinear(source, true), source)
})

t.test('a source that is no regular expression is not proven', async t => {
  for (const source of ['(', '[b-a]', '^[b-a]$', 'a{2,1}', '(?<n>a)(?<n>b)']) t.notOk(isLinear(source), source)
})

/** Stands for 256 alternatives, the most that one pattern may. */
const MANY = '(?:a|b)(?:c|d)'.repeat(4)

t.test('the proof of a long pattern, and of look-aheads in look-aheads, comes to an end', async t => {
  t.ok(isLinear(`^(?:a)?(?:b)?(?:c)?${'x'.repeat(100_000)}`), 'many characters')
  t.ok(isLinear(`^${MANY}${'x'.repeat(5_000)}`), 'many alternatives of many characters')
  t.notOk(isLinear(`^${MANY}${'x'.repeat(100_000)}`), 'more of both than are worth a proof')
  t.ok(isLinear(`^${`${MANY}(?=`.repeat(20)}x${')'.repeat(20)}`), 'look-aheads, each of many alternatives')
})
