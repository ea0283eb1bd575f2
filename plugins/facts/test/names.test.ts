// What is more than types here? A table of names.
import t from 'tap'
import * as facts from '../src/index.ts'

t.test('there is nothing at run time but the names of channels', async t => {
  t.same(Object.keys(facts), ['CHANNELS'])
  const names = Object.values(facts.CHANNELS)
  t.equal(new Set(names).size, names.length, 'each has its own')
  for (const name of names) t.match(name, /^fastify-arr[.:]/)
})
