import { test } from 'tap'
import { readConfigText, type IisConfig } from '../src/index.ts'

const read = (...bindings: readonly string[]): IisConfig => readConfigText(`<configuration><system.applicationHost><sites>${bindings.map((binding, index) =>
  `<site name="${index}"><bindings><binding ${binding} /></bindings></site>`).join('')}</sites></system.applicationHost></configuration>`)

test('one port on several addresses becomes one listener for each address, each with a name', async t => {
  const { options } = read('protocol="http" bindingInformation="10.0.0.1:80:"', 'protocol="http" bindingInformation="10.0.0.2:80:"', 'protocol="http" bindingInformation="10.0.0.2:8080:"')
  t.strictSame(options.listeners?.listeners, [
    { name: 'http 10.0.0.1 port 80', host: '10.0.0.1', port: 80 },
    { name: 'http 10.0.0.2 port 80', host: '10.0.0.2', port: 80 },
    { host: '10.0.0.2', port: 8080 }
  ])
})

test('a listener for all addresses includes the bindings for single addresses', async t => {
  const { options } = read('protocol="http" bindingInformation="127.0.0.1:80:a"', 'protocol="http" bindingInformation="*:80:b"', 'protocol="http" bindingInformation="[::1]:80:c"')
  t.strictSame(options.listeners?.listeners, [{ host: '*', port: 80 }])
  t.strictSame(options.hostRouting?.sites.map(({ bindings }) => bindings?.[0]), ['http/127.0.0.1:80:a', 'http/*:80:b', 'http/[::1]:80:c'])
  t.strictSame(read('protocol="http" bindingInformation="127.0.0.1:80:a"', 'protocol="http" bindingInformation="0.0.0.0:80:b"').options.listeners?.listeners, [{ host: '0.0.0.0', port: 80 }])
})

test('a feature that one binding\'s flags switch off for another binding is reported at the other one', async t => {
  const { options, report } = read('protocol="https" bindingInformation="*:443:a" sslFlags="1"', 'protocol="https" bindingInformation="*:443:b" sslFlags="37"', 'protocol="https" bindingInformation="*:444:c" sslFlags="5"')
  t.strictSame(options.listeners?.listeners, [
    { host: '*', port: 443, https: { tls: { maxVersion: 'TLSv1.2' } }, http2: false },
    { host: '*', port: 444, https: true, http2: false }
  ])
  const told = report.rows.filter(({ note }) => note?.includes('another binding'))
  t.match(told, [{ path: /site\[1\]/, status: 'difference' }])
  t.equal(told.length, 1)
})

test('siteDefaults without a site give neither sites nor listeners', async t => {
  const { options } = readConfigText('<configuration><system.applicationHost><sites><siteDefaults><logFile period="Hourly" /></siteDefaults></sites></system.applicationHost></configuration>')
  t.strictSame(options, { arrLog: { period: 'hourly' } })
})

test('a binding of two sites, a port for two protocols and an invalid host are problems with their line', async t => {
  const http = (information: string): string => `protocol="http" bindingInformation="${information}"`
  for (const [bindings, told] of [
    [[http('*:80:A'), http('*:80:a')], 'site "1" has the binding of site "0" at web.config:1:'],
    [[http('*:80:'), 'protocol="https" bindingInformation="*:80:"'], 'port 80 is for http already'],
    [[http('*:80:a b')], '"a b" is no name of a host'],
    [[http('*:80:a*')], '"a*" is no name of a host'],
    [[http('*:80:a:80')], '"a:80" is no name of a host']
  ] as const) t.throws(() => read(...bindings), { code: 'FST_ARR_IIS_CONFIG_INVALID_VALUE', message: told })
  for (const host of ['', '*', '*.example.com', 'bücher.example', 'a_b', 'a.']) t.ok(read(http(`*:80:${host}`)).report.complete, host)
})

test('a site that does not start may have the binding of another site', async t => {
  const site = (name: string, starts: boolean): string => `<site name="${name}" serverAutoStart="${starts}"><bindings><binding protocol="http" bindingInformation="*:80:" /></bindings></site>`
  const { options } = readConfigText(`<configuration><system.applicationHost><sites>${site('a', false)}${site('b', true)}</sites></system.applicationHost></configuration>`)
  t.strictSame(options.listeners?.listeners, [{ host: '*', port: 80 }])
})
