// examples/server-sent-events: each event arrives before the next is sent.
import t from 'tap'
import { browser, withoutChromium } from '../chromium.ts'
import { endsInOrder, example } from './started.ts'

t.test('events arrive one by one, at each who listens: the next is sent when the last has arrived', async t => {
  const started = await example(t, 'server-sent-events')
  const url = `${started.url}/events`
  const listen = async (): Promise<(pattern: RegExp) => Promise<string>> => {
    const response = await fetch(url)
    t.match(response.headers.get('content-type'), 'text/event-stream')
    const parts = (response.body!.pipeThrough(new TextDecoderStream()) as ReadableStream<string>).getReader()
    let text = ''
    return async pattern => {
      while (!pattern.test(text)) {
        const { value, done } = await parts.read()
        if (done) return `ended: ${text}`
        text += value
      }
      const all = text
      text = ''
      return all
    }
  }
  // The head and the first part arrive although no event has been sent.
  const [one, two] = [await listen(), await listen()]
  for (const next of [one, two]) t.equal(await next(/\n\n/), 'retry: 1000\n\n')
  for (const [at, body] of ['first', 'second', 'third\nof two lines'].entries()) {
    t.equal((await fetch(url, { method: 'POST', body })).status, 204)
    for (const next of [one, two]) t.equal(await next(/\n\n/), `id: ${at + 1}\ndata: ${JSON.stringify(body)}\n\n`)
  }
  await endsInOrder(t, started)
  if (process.platform !== 'win32') for (const next of [one, two]) t.equal(await next(/\n\n/), 'ended: ', 'whole, and not cut')
})

t.test('the page: what is said on it appears on it', { skip: withoutChromium }, async t => {
  const { url } = await example(t, 'server-sent-events')
  const page = await (await browser(t)).newPage()
  await page.goto(url)
  await page.getByText('listening').waitFor()
  await page.getByPlaceholder('say something').fill('hello')
  await page.keyboard.press('Enter')
  await page.locator('li', { hasText: 'hello' }).waitFor()
  t.pass('it appears')
})
