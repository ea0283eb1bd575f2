// Who serves the page for a test? A server with the routes of the page and any views.
import fastify from 'fastify'
import type { Test } from 'tap'
import { routes } from '../src/serving/routes.ts'
import type { Views } from '../src/views/views.ts'

/** The page's URL, with views of the test's own. */
export async function pageSite (t: Test, views: Views): Promise<string> {
  const app = fastify({ forceCloseConnections: true })
  await app.register(routes, { views })
  t.teardown(() => app.close())
  return `${await app.listen({ port: 0, host: '127.0.0.1' })}/`
}
