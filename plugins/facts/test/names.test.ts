// What is more than types here? A table of names.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import * as facts from '../src/index.ts'

t.test('there is nothing at run time but the names of channels', async t => {
  t.same(Object.keys(facts), ['CHANNELS'])
  const names = Object.values(facts.CHANNELS)
  t.equal(new Set(names).size, names.length, 'each has its own')
  for (const name of names) t.match(name, /^fastify-arr:[a-z]+(?:\.[a-z]+)?$/)
})

t.test('the README has each channel with its name and its message', async t => {
  const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8')
  for (const [key, name] of Object.entries(facts.CHANNELS)) t.match(readme, new RegExp(`^\\| \`${key}\` \\| \`${name}\` \\| .* \\| \`\\w+\``, 'm'))
})
