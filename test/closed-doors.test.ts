// Whatever a file's access sections are: no request that IIS refuses gets a 2xx, and the others do, unless the operator has said so with --open.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import app, { options } from '../app.ts'
import { accessFile, made, type Asked } from '../plugins/iis-config/test/access-files.ts'

t.setTimeout(300_000)

const folder = mkdtempSync(join(tmpdir(), 'arr-doors-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** The site's one rule: it says yes to everything. */
const YES = '<system.webServer><rewrite><rules><rule name="yes" stopProcessing="true"><match url=".*" /><action type="CustomResponse" statusCode="200" /></rule></rules></rewrite></system.webServer>'

/** The site of a file, or null where it does not start. */
async function siteOf (xml: string, open: readonly string[]): Promise<FastifyInstance | null> {
  const webConfig = join(folder, 'web.config')
  writeFileSync(webConfig, xml.replace('</configuration>', `${YES}</configuration>`))
  const fastify = Fastify({ ...options, logger: false, pluginTimeout: 0, trustProxy: true })
  try {
    await fastify.register(app, { webConfig, open, httpsPort: 0, monitorPort: null, logDirectory: folder, certificates: folder, announce: false })
    await fastify.ready()
    return fastify
  } catch (error) {
    await fastify.close()
    if ((error as { code?: string }).code !== 'FST_ARR_IIS_CONFIG_CLOSED_DOORS') throw error
    return null
  }
}

/** The status that a client gets; a body of the length that is asked for is only claimed. */
async function status (fastify: FastifyInstance, { ip, tls, verb, path, query, body, header }: Asked): Promise<number> {
  const { statusCode } = await fastify.inject({
    method: verb as 'GET',
    url: encodeURI(path) + (query === '' ? '' : `?${query}`),
    remoteAddress: ip,
    headers: { host: 'localhost', 'x-forwarded-proto': tls ? 'https' : 'http', 'x-a': 'x'.repeat(header), ...body > 0 && { 'content-length': String(body) } }
  })
  return statusCode
}

t.test('no request that IIS refuses gets a 2xx without --open', async t => {
  let [closed, refused, answered] = [0, 0, 0]
  await fc.assert(fc.asyncProperty(accessFile, async one => {
    const { xml, asked } = made(one)
    const fastify = await siteOf(xml, [])
    for (const request of asked) {
      if (fastify === null) {
        if (request.isRefused) closed++
        continue
      }
      const got = await status(fastify, request)
      if (got < 300) answered++
      else if (request.isRefusedAtOnce) refused++
      if (request.isRefusedAtOnce && got < 300) throw new Error(`${JSON.stringify(request)} gets ${got}: ${xml}`)
      // Of a client whose requests are counted, a later one may be refused.
      if (!request.isRefused && got >= 300) throw new Error(`${JSON.stringify(request)} is refused with ${got}: ${xml}`)
    }
    await fastify?.close()
  }), { numRuns: 60 })
  t.ok(closed > 20 && refused > 20 && answered > 5, `${closed} refused by not starting, ${refused} at run time, ${answered} answered`)
})
