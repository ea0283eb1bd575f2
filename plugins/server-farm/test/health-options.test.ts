// The options of health: each mistake is a sentence that names the option, and all of them are told together.
import t from 'tap'
import { compileHealth } from '../src/health/compile-health.ts'
import { statusRanges, type StatusRanges } from '../src/health/status-ranges.ts'

const mistakesIn = (options: object): string[] => {
  const mistakes: string[] = []
  compileHealth(options, 'farms[0]', mistakes)
  return mistakes
}
const STATUSES = 'must be statuses and ranges with commas, such as 200-399,404-'
const URL_KIND = '`farms[0].health.url` must be a path that begins with one slash, or an http, https, ws or wss URL without a user name and a fragment'
const url = '/health'

for (const [options, ...told] of [
  [{ health: null }, '`farms[0].health` must be an object'],
  [{ health: [] }, '`farms[0].health` must be an object'],
  [{ health: '/health' }, '`farms[0].health` must be an object'],
  [{ health: {} }, URL_KIND],
  [{ health: { url: 1 } }, URL_KIND],
  [{ health: { url: '' } }, URL_KIND],
  [{ health: { url: 'health' } }, URL_KIND],
  [{ health: { url: '//chat/health' } }, URL_KIND],
  [{ health: { url: '/a b' } }, URL_KIND],
  [{ health: { url: '/a\r\nX: y' } }, URL_KIND],
  [{ health: { url: '/a#b' } }, URL_KIND],
  [{ health: { url: 'http://chat/#b' } }, URL_KIND],
  [{ health: { url: 'http://me:secret@chat/' } }, URL_KIND],
  [{ health: { url: 'ftp://chat/' } }, URL_KIND],
  [{ health: { url: 'http://' } }, URL_KIND],
  [{ health: { url: 'http://cha\nt/' } }, URL_KIND],
  [{ health: { url: 'ws://chat/' } }, '`farms[0].health.url` is that of a WebSocket, and `webSocket` is not set'],
  [{ health: { url, interval: 9 } }, '`farms[0].health.interval` must be a whole number of ms from 10 to 86400000'],
  [{ health: { url, interval: '30s' } }, '`farms[0].health.interval` must be a whole number of ms from 10 to 86400000'],
  [{ health: { url, interval: 86_400_001 } }, '`farms[0].health.interval` must be a whole number of ms from 10 to 86400000'],
  [{ health: { url, timeout: 0 } }, '`farms[0].health.timeout` must be a whole number of ms from 1 to 86400000'],
  [{ health: { url, timeout: 1.5 } }, '`farms[0].health.timeout` must be a whole number of ms from 1 to 86400000'],
  [{ health: { url, interval: 1000, timeout: 1001 } }, '`farms[0].health.timeout` must be at most `interval`'],
  [{ health: { url, timeout: 30_001 } }, '`farms[0].health.timeout` must be at most `interval`, which is 30000'],
  [{ health: { url, retries: 0 } }, '`farms[0].health.retries` must be a whole number from 1 to 1000'],
  [{ health: { url, successes: Infinity } }, '`farms[0].health.successes` must be a whole number from 1 to 1000'],
  [{ health: { url, statusCodes: 200 } }, `\`farms[0].health.statusCodes\` ${STATUSES}`],
  [{ health: { url, statusCodes: '' } }, `\`farms[0].health.statusCodes\` ${STATUSES}`],
  [{ health: { url, statusCodes: '399-200' } }, `\`farms[0].health.statusCodes\` ${STATUSES}`],
  [{ health: { url, statusCodes: '2xx' } }, `\`farms[0].health.statusCodes\` ${STATUSES}`],
  [{ health: { url, statusCodes: '200,,204' } }, `\`farms[0].health.statusCodes\` ${STATUSES}`],
  [{ health: { url, contains: '' } }, '`farms[0].health.contains` must be a text of 1 to 1000 characters'],
  [{ health: { url, contains: /ok/ } }, '`farms[0].health.contains` must be a text of 1 to 1000 characters'],
  [{ health: { url, webSocket: 'pong' } }, "`farms[0].health.webSocket` must be true, false or 'ping'"],
  [{ health: { url, webSocket: true, contains: 'ok' } }, '`farms[0].health.contains` has no meaning with `webSocket`'],
  [{ health: { url, webSocket: 'ping', statusCodes: '101' } }, '`farms[0].health.statusCodes` has no meaning with `webSocket`, whose status is 101'],
  [{ health: { url, rejectUnauthorized: 'no' } }, '`farms[0].health.rejectUnauthorized` must be true or false'],
  [{ health: { url, intervall: 1 } }, '`farms[0].health`: `intervall` is no option; the nearest is `interval`'],
  [{ liveTraffic: null }, '`farms[0].liveTraffic` must be an object or false'],
  [{ liveTraffic: true }, '`farms[0].liveTraffic` must be an object or false'],
  [{ liveTraffic: { statusCodes: '5-' } }, `\`farms[0].liveTraffic.statusCodes\` ${STATUSES}`],
  [{ liveTraffic: { failures: 0 } }, '`farms[0].liveTraffic.failures` must be a whole number from 1 to 1000'],
  [{ liveTraffic: { period: -1 } }, '`farms[0].liveTraffic.period` must be a whole number of ms from 0 to 86400000'],
  [{ liveTraffic: { out: 0 } }, '`farms[0].liveTraffic.out` must be a whole number of ms from 1 to 86400000'],
  [{ liveTraffic: { maxOut: 0 } }, '`farms[0].liveTraffic.maxOut` must be a whole number of ms from 1 to 86400000', '`farms[0].liveTraffic.out` must be at most `maxOut`, which is 0'],
  [{ liveTraffic: { out: 300_001 } }, '`farms[0].liveTraffic.out` must be at most `maxOut`, which is 300000'],
  [{ liveTraffic: { atMost: 1.1 } }, '`farms[0].liveTraffic.atMost` must be a number from 0 to 1'],
  [{ liveTraffic: { atMost: NaN } }, '`farms[0].liveTraffic.atMost` must be a number from 0 to 1'],
  [{ liveTraffic: { most: 1 } }, '`farms[0].liveTraffic`: `most` is no option; there are statusCodes, failures, period, out, maxOut, atMost'],
  [{ health: { url: 1, retries: 0 }, liveTraffic: { out: 0 } }, URL_KIND, '`farms[0].health.retries` must be a whole number from 1 to 1000', '`farms[0].liveTraffic.out` must be a whole number of ms from 1 to 86400000']
] as const) {
  t.test(`${JSON.stringify(options)} is a mistake`, async t => {
    t.same(mistakesIn(options), told)
  })
}

t.test('without options there are no probes, and connections that fail count', async t => {
  t.match(compileHealth({}, 'farms[0]', []), { probes: null, liveTraffic: { statusCodes: null, failures: 3, period: 0, out: 5000, maxOut: 300_000, atMost: 0.5 } })
  t.same(compileHealth({ liveTraffic: false }, 'farms[0]', []), { probes: null, liveTraffic: null })
})

t.test('probes have ARR\'s defaults, and a time-out of at most the interval', async t => {
  const mistakes: string[] = []
  const { probes } = compileHealth({ health: { url: 'https://Chat:8443/a?b=c' } }, 'farms[0]', mistakes)
  t.match(probes, { secure: true, host: 'chat:8443', path: '/a?b=c', interval: 30_000, timeout: 30_000, retries: 3, successes: 1, contains: null, webSocket: false, rejectUnauthorized: true })
  t.equal(compileHealth({ health: { url, interval: 500 } }, 'farms[0]', mistakes).probes?.timeout, 500)
  t.match(compileHealth({ health: { url: 'wss://chat', webSocket: true } }, 'farms[0]', mistakes).probes, { secure: true, host: 'chat', path: '/' })
  t.same(mistakes, [])
})

t.test('statuses are numbers and ranges, also without an end', async t => {
  const { includes } = statusRanges('200-204, 301,500-') as StatusRanges
  t.same([200, 204, 301, 500, 999].map(includes), [true, true, true, true, true])
  t.same([199, 205, 300, 302, 499].map(includes), [false, false, false, false, false])
})
