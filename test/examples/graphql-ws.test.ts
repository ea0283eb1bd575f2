// examples/graphql-ws: a subscription through the proxy, by the client of graphql-ws.
import { createClient } from 'graphql-ws'
import t from 'tap'
import { WebSocket } from 'ws'
import { browser, withoutChromium } from '../chromium.ts'
import { converse } from '../conversation.ts'
import { endsInOrder, example } from './started.ts'

t.test('a subscription gets its values, and two at a time get theirs on one WebSocket', async t => {
  const started = await example(t, 'graphql-ws')
  const url = `${started.url.replace('http', 'ws')}/graphql`
  const errors: unknown[] = []
  const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, on: { error: error => { errors.push(error) } } })
  const values = async (query: string): Promise<unknown[]> => {
    const values = []
    for await (const result of client.iterate({ query })) values.push(result)
    return values
  }
  const two = await Promise.all([values('subscription { countdown(from: 2) }'), values('subscription { countdown(from: 1) }')])
  t.same(two, [[2, 1, 0], [1, 0]].map(counts => counts.map(countdown => ({ data: { countdown } }))))
  t.same(await values('{ hello }'), [{ data: { hello: 'world' } }])
  t.same(errors, [])
  await client.dispose()

  t.match(await converse(url, {}, async ({ closed }) => { await closed }), { status: 101, code: 4406, protocol: '' }, 'a client without the sub-protocol is told so by the upstream')
  await endsInOrder(t, started)
})

t.test('the page shows the values', { skip: withoutChromium }, async t => {
  const { url } = await example(t, 'graphql-ws')
  const page = await (await browser(t)).newPage()
  await page.goto(url)
  await page.getByRole('button').click()
  await page.locator('li', { hasText: /^8$/ }).waitFor()
  t.same((await page.locator('li').allTextContents()).slice(0, 3), ['10', '9', '8'])
})
