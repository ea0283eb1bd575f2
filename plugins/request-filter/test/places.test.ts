// Which filter stands in each place, and that no spelling of a path leads out of one.
import t from 'tap'
import fc from 'fast-check'
import Fastify, { type FastifyInstance } from 'fastify'
import requestFilter, { type RequestFilterOptions } from '../src/index.ts'
import { compileFilters } from '../src/filter/compile.ts'
import { Target } from '../src/url/target.ts'
import { serve, statusOf } from './serving.ts'
import { spellings } from './spellings.ts'

/** A filter that is told from others by the one segment that it hides. */
const hides = (segment: string): RequestFilterOptions['requestFiltering'] => ({ hiddenSegments: [segment], allowDoubleEscaping: true })

const sited = (fastify: FastifyInstance): void => {
  fastify.decorateRequest('site', null)
  fastify.addHook('onRequest', async request => { (request as { site: unknown }).site = { name: request.host } })
}

t.test('the longest path wins, then one of a site, and a part that a place leaves out is that around it', async t => {
  const { port } = await serve(t, {
    requestFiltering: hides('in-root'),
    places: [
      { path: '/app', requestFiltering: hides('in-app') },
      { site: 'shop', requestFiltering: hides('in-shop') },
      { site: 'shop', path: '/App/Admin/', requestFiltering: hides('in-admin') },
      { path: '/app/admin', requestFiltering: hides('in-others') },
      { path: '/app/admin/free', requestFiltering: false },
      { path: '/app/admin/free/same' }
    ]
  }, sited)
  const all = ['in-root', 'in-app', 'in-shop', 'in-admin', 'in-others']
  const cases: Array<[host: string, path: string, hidden: string | null]> = [
    ['other', '', 'in-root'], ['other', '/app', 'in-app'], ['other', '/APP', 'in-app'], ['other', '/apple', 'in-root'], ['other', '/app/admin', 'in-others'], ['other', '/app/admin/free', null],
    ['shop', '', 'in-shop'], ['shop', '/app/x', 'in-app'], ['shop', '/app/admin', 'in-admin'], ['shop', '/app/ADMIN/y', 'in-admin'], ['shop', '/app/admin/free', null], ['shop', '/app/admin/free/same', null]
  ]
  for (const [host, path, hidden] of cases) for (const name of all) t.equal(await statusOf(port, `${path}/${name}`, { host }), name === hidden ? 404 : 200, `${host}${path}/${name}`)
})

t.test('a path of which servers make different places is refused, and one that is in the same place is not', async t => {
  const { port, rejections } = await serve(t, { places: [{ path: '/admin', requestFiltering: { verbs: { allowUnlisted: false } } }] })
  for (const target of ['/public/..%2fadmin', '/admin/..%2fpublic', '//admin', '///admin/x', '//host/admin', '/\\host/admin', '\\\\host/admin', 'http://localhost//admin', 'http://localhost//host/admin', '/public/%252e%252e/admin', '/x/../admin', '/admin/../x', '/%2561dmin', '/admin;v=1/x', '/admin./x', '/admin%20/x', '/admin::$INDEX_ALLOCATION/x', '/x//../admin', '/admin\\..\\x', '/x%5c..%5cadmin', '/..;/admin', '/x/..;/admin', '/.//admin', '/./admin', '/\\admin', '/%5cadmin', '/admin%2fx', '/admin%5Cx', '/admin/%2e/x', '/x#/../admin', 'http://localhost?/admin', 'http://a\\admin/x', '/%EF%BD%81dmin']) {
    const status = await statusOf(port, target)
    t.ok(status === 400 || status === 404, `${target} is refused with ${status}`)
  }
  t.ok(rejections.every(rejection => rejection?.reason === 'url' || rejection?.reason === 'verbs'))
  for (const target of ['/admin', '/ADMIN/x', '/%61dmin', '/admin/x%2fy', '/admin/./x', '/admin/x\\y', 'http://localhost/admin', '/admin?x=1']) t.equal(await statusOf(port, target), 404, target)
  for (const target of ['/', '/x', '/x%2fy', '/administrator', '/x/admin', '/a/b/../c', '/caf%C3%A9', '/a;b', '/100%25', '/x?/../admin', '/*', 'http://localhost', 'http://localhost?x']) t.equal(await statusOf(port, target), 200, target)
})

t.test('`OPTIONS *` is in the root place of its site', async t => {
  const filters = compileFilters({ places: [{ site: 'A', requestFiltering: hides('x') }, { site: 'A', path: '/app', requestFiltering: false }] }, true)
  const root = filters.of('A', new Target('/'))
  t.equal(filters.of('A', new Target('*')), root)
  t.not(filters.of('B', new Target('*')), root)
})

t.test('property: no spelling of a path leaves the place that it is in', async () => {
  const places = compileFilters({ places: [{ path: '/secret/area', requestFiltering: hides('x') }] }, false)
  const inside = places.of(undefined, new Target('/secret/area'))
  fc.assert(fc.property(spellings('/secret/area/y'), path => {
    const filter = places.of(undefined, new Target(path))
    if (filter !== null && filter !== inside) throw new Error(`${path} is in another place`)
  }), { numRuns: 3000 })
})

t.test('property: a path without anything special is in its place', async () => {
  const places = compileFilters({ places: [{ path: '/a', requestFiltering: hides('x') }, { path: '/a/b', requestFiltering: hides('y') }] }, false)
  const segment = fc.constantFrom('a', 'b', 'c', 'A', 'ab', 'b.c', 'x-y', 'caf%C3%A9', '%61', 'a%20b')
  fc.assert(fc.property(fc.array(segment, { maxLength: 5 }), segments => {
    const path = `/${segments.join('/')}`
    const expected = /^\/a\/b(?:\/|$)/i.test(decodeURI(path)) ? '/a/b' : /^\/a(?:\/|$)/i.test(decodeURI(path)) ? '/a' : '/'
    if (places.of(undefined, new Target(path)) !== places.of(undefined, new Target(expected))) throw new Error(path)
  }), { numRuns: 2000 })
})

t.test('a site is compared where host-routing has said it, and otherwise is a mistake', async t => {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await t.rejects(async () => { await fastify.register(requestFilter, { places: [{ site: 'shop', origins: false }] }) }, {
    code: 'FST_ARR_FILTER_INVALID_OPTIONS',
    message: /`places\[0\]\.site` is never compared: host-routing, .* must be registered before request-filter/
  })
})
