// What does a filter cost per request? Run with: node --import=tsx --conditions=@fastify-arr/source plugins/request-filter/bench/filters.ts
import { EventEmitter } from 'node:events'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { compileFilters } from '../src/filter/compile.ts'
import type { RequestFilterOptions } from '../src/index.ts'
import { Target } from '../src/url/target.ts'
import { asksForWebSocket } from '../src/web-sockets/asks-for-web-socket.ts'

const extensions = ('.asa .asax .ascx .master .skin .browser .sitemap .config .cs .csproj .vb .vbproj .webinfo .licx .resx .resources .mdb .vjsproj .java .jsl .ldb .dsdgm .ssdgm ' +
  '.lsad .ssmap .cd .dsprototype .lsaprototype .sdm .sdmDocument .mdf .ldf .ad .dd .ldd .sd .adprototype .lddprototype .exclude .refresh .compiled .msgx .vsdisco .rules').split(' ')

/** Everything on, with the lists that IIS ships. */
const requestFiltering: RequestFilterOptions['requestFiltering'] = {
  requestLimits: { headerLimits: { 'content-type': 100, cookie: 4000 } },
  verbs: { allowUnlisted: false, verbs: { GET: true, POST: true, HEAD: true } },
  fileExtensions: { fileExtensions: Object.fromEntries(extensions.map(extension => [extension, false])) },
  hiddenSegments: ['web.config', 'bin', 'App_code', 'App_GlobalResources', 'App_LocalResources', 'App_WebReferences', 'App_Data', 'App_Browsers'],
  denyUrlSequences: ['..', ':', '\\', '<'],
  denyQueryStringSequences: ['<script', 'drop table', '--'],
  filteringRules: [
    { name: 'sql', scanQueryString: true, appliesTo: ['.asp', '.aspx', '.php'], denyStrings: ['--', ';', 'drop'] },
    { name: 'bots', scanHeaders: ['user-agent'], denyStrings: ['badbot', 'evil'] }
  ]
}
/** The other parts, with limits that nobody reaches. */
const others: RequestFilterOptions = {
  ipSecurity: { allowUnlisted: true, addresses: Array.from({ length: 20 }, (_, index) => ({ ipAddress: `10.${index}.0.0/16` })) },
  dynamicIpSecurity: { denyByConcurrentRequests: { maxConcurrentRequests: 1e6 }, denyByRequestRate: { maxRequests: 1e9, requestIntervalInMilliseconds: 1000 } },
  origins: ['same', 'https://*.example.com'],
  webSocketsPerClient: { most: 1e6, handshakes: { most: 1e9, per: 1000 } }
}
const places = ['/admin', '/api/v1', '/static', '/api/v2/internal'].map(path => ({ path, requestFiltering }))

const headers: Record<string, string> = {
  host: 'shop.example.com',
  connection: 'keep-alive',
  'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/106.0.0.0 Safari/537.36',
  accept: 'application/json',
  'accept-encoding': 'gzip, deflate, br',
  'accept-language': 'de-DE,de;q=0.9',
  cookie: 'session=0123456789abcdef0123456789abcdef; theme=dark',
  referer: 'https://shop.example.com/orders'
}
const raw = { headers, rawHeaders: Object.entries(headers).flat(), httpVersionMajor: 1 }
const request = { method: 'GET', ip: '198.51.100.7', raw, log: {} } as unknown as FastifyRequest
const response = Object.assign(new EventEmitter(), { writableFinished: false, destroyed: false, headersSent: false, statusCode: 200 })
const reply = { raw: response, request } as unknown as FastifyReply

/** The CPU time of this process, µs, which other processes don't change. */
const spent = (): number => {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** The median of eleven rounds, µs. */
function measure (options: RequestFilterOptions, url: string): number {
  const filters = compileFilters(options, false)
  const rounds: number[] = []
  for (let round = 0; round < 12; round++) {
    const start = spent()
    for (let i = 0; i < 200_000; i++) {
      // A text of its own for each request, as Node's parser makes one.
      const target = new Target(url)
      const asked = { request, reply, target, isWebSocket: asksForWebSocket(headers) }
      const filter = filters.of(undefined, target)
      if (filter === null || filter.checks.some(check => check(asked) !== null)) throw new Error(`${url} is refused`)
      // The end of the exchange, which those that count wait for.
      response.emit('close')
    }
    if (round > 0) rounds.push((spent() - start) / 200_000)
  }
  return rounds.sort((a, b) => a - b)[5] as number
}

for (const [what, options] of [['every part', { requestFiltering, ...others }], ['every part, four places', { requestFiltering, ...others, places }], ['requestFiltering alone', { requestFiltering }], ['the other parts', others], ['nothing', {}]] as const) {
  for (const url of ['/api/v2/customers/4711/orders?from=2024-01-01&to=2024-12-31&sort=date&page=2', '/api/v2/caf%C3%A9/orders?from=2024-01-01&q=a+b%20c']) {
    console.log(`${what}, ${url}: ${measure(options, url).toFixed(2)} µs`)
  }
}
