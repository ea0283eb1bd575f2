// Who serves the page for a test? A server with the page at its root, as on a listener of its own, and any views.
import fastify from 'fastify'
import type { Test } from 'tap'
import { compile, type MonitorOptions } from '../src/options.ts'
import { serve } from '../src/serving/serve.ts'
import type { Views } from '../src/views/views.ts'

/** The page's URL, with views of the test's own. */
export async function pageSite (t: Test, views: Views, options: MonitorOptions = { listen: { port: 0, host: '127.0.0.1' }, actions: true }): Promise<string> {
  const app = fastify({ forceCloseConnections: true })
  const places = await serve(app, compile(options), views)
  t.teardown(() => app.close())
  if (options.path === undefined) await app.ready()
  else await app.listen({ port: 0, host: '127.0.0.1' })
  return places.url as string
}
