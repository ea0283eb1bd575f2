// The backend behaves the same when it is asked directly and when it is asked through the proxy.
import t from 'tap'
import { startBackend } from '../backend/src/index.ts'
import { behaviours, type Subject } from './behaviour.ts'
import { startSite } from './site.ts'

const backend = await startBackend({ port: 0, host: '127.0.0.1' })
t.teardown(() => backend.close())
const { port } = backend.server.address() as { port: number }
const site = await startSite(t, { upstream: `http://127.0.0.1:${port}` })

const direct: Subject = { name: 'the backend itself', hostname: 'localhost', port, secure: false }
const proxied: Subject[] = [
  { name: 'through the proxy by http', hostname: 'localhost', port: site.httpPort, secure: false },
  { name: 'through the proxy by https', hostname: 'localhost', port: site.httpsPort, secure: true }
]

for (const behaviour of behaviours) {
  t.test(behaviour.name, async t => {
    const seen = await behaviour.observe(direct)
    t.match(seen, behaviour.seen, direct.name)
    for (const subject of proxied) t.same(await behaviour.observe(subject), seen, subject.name)
  })
}
