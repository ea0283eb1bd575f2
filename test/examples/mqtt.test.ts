// examples/mqtt: publish and subscribe through the proxy, by mqtt.js.
import mqtt, { type MqttClient } from 'mqtt'
import t, { type Test } from 'tap'
import { browser, withoutChromium } from '../chromium.ts'
import { converse } from '../conversation.ts'
import { endsInOrder, example } from './started.ts'

async function client (t: Test, url: string): Promise<MqttClient> {
  const client = await mqtt.connectAsync(url, { reconnectPeriod: 0 })
  client.on('error', () => {})
  t.teardown(() => { client.end(true) })
  return client
}

const message = async (client: MqttClient): Promise<[string, string]> => await new Promise(resolve => {
  client.once('message', (topic, payload) => { resolve([topic, payload.toString('hex')]) })
})

t.test('what one client publishes, in any quality of service, the other gets byte for byte', async t => {
  const started = await example(t, 'mqtt')
  const url = `${started.url.replace('http', 'ws')}/mqtt`
  const [one, two] = [await client(t, url), await client(t, url)]
  await two.subscribeAsync('room/#', { qos: 2 })
  const payloads = [Buffer.from('hello'), Buffer.from([0, 255, 128]), Buffer.alloc(200_000, 7)]
  for (const qos of [0, 1, 2] as const) {
    const got = message(two)
    await one.publishAsync(`room/${qos}`, payloads[qos]!, { qos })
    t.same(await got, [`room/${qos}`, payloads[qos]!.toString('hex')])
  }
  t.match(await converse(url, { protocols: ['mqttv3.1', 'mqtt'] }, async () => {}), { status: 101, protocol: /^mqtt$/ })

  const gone = Promise.all([one, two].map(async one => { await new Promise<void>(resolve => { one.once('close', resolve) }) }))
  await endsInOrder(t, started)
  await gone
})

t.test('the page: what is published on it arrives on it', { skip: withoutChromium }, async t => {
  const { url } = await example(t, 'mqtt')
  const page = await (await browser(t)).newPage()
  await page.goto(url)
  await page.getByText('subscribed').waitFor()
  await page.getByPlaceholder('publish something').fill('hello')
  await page.keyboard.press('Enter')
  await page.getByText('room/page: hello').waitFor()
  t.pass('arrived')
})
