// The facts of an HTTP origin hold through the proxy as well.
import t from 'tap'
import { facts, origin } from './forward-facts.ts'
import { portOf, proxy, upstream } from './forward-subjects.ts'

t.test('directly', async t => {
  const url = await upstream(t, origin)
  for (const fact of facts) await t.test(fact.name, t => fact.run(t, { port: portOf(url) }))
})

t.test('through the proxy', async t => {
  const url = await upstream(t, origin)
  const { port } = await proxy(t, { upstream: url })
  for (const fact of facts) await t.test(fact.name, t => fact.run(t, { port }))
})
