// Do the kinds of exchanges stay few, and true, whatever comes?
import t from 'tap'
import { Kinds, type Traits } from '../src/sources/kinds.ts'

const TRAITS: Traits = { code: '101', site: '', method: 'GET', rule: '', reason: '', farm: '', server: 'http://a', answered: '', error: '', side: '', kept: '', webSocket: '' }

t.test('with too many kinds, a WebSocket is still none of the requests', async t => {
  const kinds = new Kinds(1)
  for (let i = 0; i < 5_000; i++) kinds.of({ ...TRAITS, rule: `rule ${i}` }).count++
  kinds.of({ ...TRAITS, rule: 'another', webSocket: 'open' }).count++
  const all = [...kinds]
  t.ok(all.length <= 4_096 + 2)
  t.equal(all.reduce((sum, { count }) => sum + count, 0), 5_001)
  t.match(all.filter(({ webSocket }) => webSocket === 'open'), [{ server: 'other', count: 1 }])
})
