// Which addresses are let in? As IIS does: the first entry that holds an address decides, and `allowUnlisted` comes last.
import { once } from 'node:events'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { readAddress } from '../src/addresses/address.ts'
import { compileNetwork, firstOf, type Network } from '../src/addresses/networks.ts'
import type { IpSecurityOptions } from '../src/addresses/options.ts'
import type { RequestFilterOptions } from '../src/index.ts'
import { ask, door, get, handshake, http2For, proxied, raw, session, withoutAddresses } from './doors.ts'

/** The status for each address, by X-Forwarded-For, which the server believes. */
async function statuses (t: Test, ipSecurity: IpSecurityOptions, addresses: readonly string[]): Promise<number[]> {
  const { port } = await door(t, { ipSecurity }, { server: { trustProxy: true }, after: app => app.get('/', async () => 'page') })
  const found: number[] = []
  for (const address of addresses) found.push((await get(port, { headers: { 'X-Forwarded-For': address } })).statusCode as number)
  return found
}

t.test('the example of Microsoft\'s documentation: an address and a network are denied', async t => {
  const addresses = [{ ipAddress: '192.168.100.1' }, { ipAddress: '169.254.0.0', subnetMask: '255.255.0.0' }]
  t.same(await statuses(t, { addresses }, ['192.168.100.1', '192.168.100.2', '169.254.0.0', '169.254.255.255', '169.255.0.0', '::1']), [403, 200, 403, 403, 200, 200])
})

t.test('from top to bottom: the first entry that holds the address decides, and not the narrowest', async t => {
  const wide = { ipAddress: '10.0.0.0/8', allowed: true }
  const narrow = { ipAddress: '10.0.0.1' }
  t.same(await statuses(t, { addresses: [wide, narrow] }, ['10.0.0.1', '10.0.0.2']), [200, 200])
  t.same(await statuses(t, { addresses: [narrow, wide] }, ['10.0.0.1', '10.0.0.2']), [403, 200])
  t.same(await statuses(t, { allowUnlisted: false, addresses: [narrow, wide] }, ['10.0.0.1', '10.0.0.2', '11.0.0.1']), [403, 200, 403])
})

t.test('every spelling of an address is the address', async t => {
  const addresses = [{ ipAddress: '192.0.2.1' }, { ipAddress: 'fe80::/10' }, { ipAddress: '::ffff:198.51.100.0/120' }]
  t.same(await statuses(t, { addresses }, [
    '::ffff:192.0.2.1', '::ffff:c000:201', '0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1:51234', '[::ffff:192.0.2.1]:80',
    'fe80::1%eth0', 'FE80:0:0:0:0:0:0:1', '[fe80::1]:443', '[fe80::1]', '198.51.100.7'
  ]), Array(10).fill(403))
  t.same(await statuses(t, { addresses }, ['198.51.101.0', 'fec0::1']), [200, 200])
})

t.test('what is no address is unlisted', async t => {
  const junk = ['unknown', '192.0.2', '0192.0.2.1', 'x'.repeat(2000), '1.2.3.4.5', '-']
  t.same(await statuses(t, { addresses: [{ ipAddress: '0.0.0.0/0' }, { ipAddress: '::/0' }] }, junk), Array(6).fill(200))
  t.same(await statuses(t, { allowUnlisted: false, addresses: [{ ipAddress: '0.0.0.0/0', allowed: true }] }, junk), Array(6).fill(403))
})

t.test('the connection\'s own address, and not what it claims', { skip: withoutAddresses }, async t => {
  const { port, rejections } = await door(t, { ipSecurity: { addresses: [{ ipAddress: '127.0.0.2' }] } }, { after: app => app.get('/', async () => 'page') })
  t.equal((await get(port, { from: '127.0.0.2', headers: { 'X-Forwarded-For': '127.0.0.3' } })).statusCode, 403)
  t.equal((await get(port, { from: '127.0.0.3', headers: { 'X-Forwarded-For': '127.0.0.2' } })).statusCode, 200)
  t.same(rejections, [{ reason: 'ipSecurity', statusCode: 403, subStatusCode: 6, detail: '127.0.0.2' }])
})

t.test('denyAction says what a refused client gets', async t => {
  const denied = (denyAction: IpSecurityOptions['denyAction']) => door(t, { ipSecurity: { allowUnlisted: false, denyAction } as IpSecurityOptions })
  for (const [action, status, substatus] of [['Forbidden', 403, 6], ['Unauthorized', 401, 0], ['NotFound', 404, 0]] as const) {
    const { port, rejections } = await denied(action)
    t.equal((await get(port)).statusCode, status)
    t.match(rejections, [{ statusCode: status, subStatusCode: substatus }])
  }
  const { app, port } = await denied('AbortRequest')
  const socket = raw(t, port)
  socket.on('data', () => t.fail('nothing is answered'))
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(socket, 'close')
  const client = await session(t, await http2For(t, app))
  const stream = client.request({ ':path': '/' })
  stream.on('response', () => t.fail('nothing is answered'))
  stream.resume()
  const [error] = await once(stream, 'error')
  t.match(error.message, 'ENHANCE_YOUR_CALM')
  t.notOk(client.destroyed, 'the other streams of its connection continue')
})

t.test('upgrades and streams are refused as requests are', async t => {
  const { app, port } = await proxied(t, { ipSecurity: { addresses: [{ ipAddress: '127.0.0.1' }] } })
  t.equal((await handshake(t, port)).status, 403)
  t.equal((await ask(await session(t, await http2For(t, app)), { ':path': '/' })).status, 403)
})

t.test('networks against a model of bits', async t => {
  const bits4 = (octets: readonly number[]): string => octets.map(octet => octet.toString(2).padStart(8, '0')).join('')
  const octets = fc.array(fc.constantFrom(0, 1, 10, 127, 128, 192, 255), { minLength: 4, maxLength: 4 })
  const parts = fc.array(fc.constantFrom(0, 1, 0x2001, 0xdb8, 0x8000, 0xffff), { minLength: 8, maxLength: 8 })
  const address = fc.oneof(
    octets.map(octets => ({ text: octets.join('.'), bits: bits4(octets) })),
    octets.map(octets => ({ text: `::ffff:${octets.join('.')}`, bits: bits4(octets) })),
    // The IPv4-mapped ones are above.
    parts.filter(parts => parts.slice(0, 5).some(part => part !== 0)).map(parts => ({ text: parts.map(part => part.toString(16)).join(':'), bits: parts.map(part => part.toString(2).padStart(16, '0')).join('') }))
  )
  const entry = fc.tuple(address, fc.nat(128), fc.boolean(), fc.boolean()).map(([{ text, bits }, length, allowed, asMask]) => {
    const width = text.includes('.') && !text.includes(':') ? 32 : 128
    const prefix = Math.min(length, width)
    // Of a mapped network, the first 96 bits are the mapping.
    const common = text.startsWith('::ffff:') ? prefix - 96 : prefix
    const mask = Array.from({ length: 4 }, (_, i) => Number.parseInt('1'.repeat(prefix).padEnd(32, '0').slice(i * 8, i * 8 + 8), 2)).join('.')
    const written = asMask ? { ipAddress: text, subnetMask: width === 32 ? mask : String(prefix) } : { ipAddress: `${text}/${prefix}` }
    return { written: { ...written, allowed }, holds: (other: string) => common >= 0 && other.length === bits.length && other.slice(0, common) === bits.slice(0, common), allowed, isKnown: common >= 0 }
  }).filter(({ isKnown }) => isKnown)
  let held = 0
  fc.assert(fc.property(fc.array(entry, { maxLength: 5 }), address, (entries, { text, bits }) => {
    const mistakes: string[] = []
    const networks = entries.map(({ written }) => compileNetwork(written, 'at', mistakes)) as Network[]
    if (mistakes.length > 0) t.fail(mistakes.join())
    const found = firstOf(networks, readAddress(text)!)
    const expected = entries.find(({ holds }) => holds(bits))
    if (expected !== undefined) held++
    if ((found?.allowed ?? null) !== (expected?.allowed ?? null)) t.fail(`${text} in ${JSON.stringify(entries.map(({ written }) => written))}`)
  }), { numRuns: 10_000 })
  t.ok(held > 100, 'some are held')
})

t.test('mistakes are named, all in one error', async t => {
  const mistake = async (ipSecurity: unknown): Promise<string> => await door(t, { ipSecurity } as RequestFilterOptions).then(() => 'none', (error: Error) => error.message)
  t.equal(await mistake([]), 'request-filter: `ipSecurity` must be an object')
  t.equal(await mistake({ allowUnlisted: 'yes', addresses: [1, { ipAddress: 1, allowed: 0 }, {}], denyAction: 'forbidden', adresses: [] }), 'request-filter: `ipSecurity`: `adresses` is no option; the nearest is `addresses`; ' +
    '`ipSecurity.allowUnlisted` must be true or false; `ipSecurity.addresses[0]` must be an object; `ipSecurity.addresses[1].ipAddress` must be a string; ' +
    '`ipSecurity.addresses[1].allowed` must be true or false; `ipSecurity.addresses[2].ipAddress` must be a string; `ipSecurity.denyAction` must be one of AbortRequest, Unauthorized, Forbidden, NotFound')
  const ipAddress = '`ipSecurity.addresses[0].ipAddress` must be an IP address or a network, such as 192.0.2.1, 10.0.0.0/8 or fd00::/8'
  const subnetMask = '`ipSecurity.addresses[0].subnetMask` must be a mask such as 255.255.0.0, its ones first, or a prefix\'s length such as 16'
  for (const [entry, sentence] of [
    ...['10.1', '010.0.0.1', '10.0.0.1:80', 'fe80::1%eth0', 'example.com', '', '*'].map(text => [{ ipAddress: text }, ipAddress] as const),
    ...['255.0.255.0', '33', '-1', 'x', 'ffff::'].map(mask => [{ ipAddress: '10.0.0.0', subnetMask: mask }, subnetMask] as const),
    [{ ipAddress: '10.0.0.0/33' }, '`ipSecurity.addresses[0].ipAddress` must have a prefix of at most 32 bits'],
    [{ ipAddress: '10.0.0.0/8', subnetMask: '8' }, '`ipSecurity.addresses[0]` has a prefix in `ipAddress` and a `subnetMask`: one of them says it']
  ] as const) t.equal(await mistake({ addresses: [entry] }), `request-filter: ${sentence}`)
})
