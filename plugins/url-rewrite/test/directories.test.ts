import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Fastify from 'fastify'
import t from 'tap'
import urlRewrite, { type PathRules, type Rule, type UrlRewriteOptions } from '../src/index.ts'
import { rewritten, rule } from './engine.ts'

const add = (letter: string, more: Partial<Rule> = {}): Rule => rule('^(.*)$', `{R:1}${letter}`, { name: letter, ...more })

t.test('a directory removes rules from above, whatever the case of names and paths, for itself and what is below it', async t => {
  const options = {
    rules: [add('a'), add('b')],
    siteRules: { One: [add('c'), add('d')] },
    pathRules: [
      { path: '/App', site: 'One', remove: ['B', 'c'], rules: [add('e')] },
      { path: '/app/in', site: 'One', remove: ['E', 'gone'], rules: [add('f')] },
      { path: '/app2', remove: ['a'], rules: [] }
    ]
  }
  const to = (url: string, siteName = 'One') => rewritten(options, { url, siteName })
  t.equal(to('/x/'), '/x/abcd')
  t.equal(to('/app/'), '/App/ade')
  t.equal(to('/aPP/x'), '/App/xade')
  t.equal(to('/app/in/'), '/app/in/adf')
  t.equal(to('/app2/x'), '/app2/xbcd', 'the name of one directory is the beginning of another\'s')
  t.equal(to('/app/', 'Two'), '/app/ab', 'another site keeps them')
})

t.test('global rules can not be removed', async t => {
  t.equal(rewritten({ globalRules: [add('a')], pathRules: [{ path: '/app', remove: ['a'], rules: [] }] }, { url: '/app/x' }), '/app/xa')
})

t.test('a rule with stopProcessing ends the rules of the site and of every directory below, which are one set', async t => {
  const of = (stopProcessing: boolean): UrlRewriteOptions => ({
    rules: [rule('^server', '', { name: 'server', action: { type: 'None' }, stopProcessing })],
    siteRules: { One: [add('s', { stopProcessing, match: { url: '^(app/.*)$' } })] },
    pathRules: [{ path: '/app', rules: [add('a')] }, { path: '/server', rules: [add('b')] }]
  })
  for (const [url, open, stopped] of [['/app/x', '/app/xsa', '/app/xs'], ['/server/x', '/server/xb', '/server/x']] as const) {
    t.equal(rewritten(of(false) as never, { url, siteName: 'One' }), open)
    t.equal(rewritten(of(true) as never, { url, siteName: 'One' }), stopped)
  }
})

t.test('what is no directory is a mistake', async t => {
  const wrong = (pathRules: unknown): void => { rewritten({ pathRules: pathRules as PathRules[] }) }
  t.throws(() => wrong([{ path: 'app', rules: [] }]), /pathRules\[0\]\.path must begin with a slash/)
  t.throws(() => wrong([{ path: '/app', remove: 'a', rules: [] }]), /pathRules \/app\.remove must be a list of names/)
  t.throws(() => rewritten({ pathOutboundRules: [{ path: 'app', rules: [] }] }), /pathOutboundRules\[0\]\.path must begin with a slash/)
  for (const [documentRoot, message] of [[7, /`documentRoot` must be a folder, a list of folders or a function/], [[{ path: 'x', site: 1 }], /`documentRoot\[0\]\.folder` must be a folder; `documentRoot\[0\]\.path` must begin with a slash; `documentRoot\[0\]\.site` must be a name/]] as const) {
    await t.rejects(async () => Fastify().register(urlRewrite, { documentRoot } as never), { code: 'FST_ARR_URL_REWRITE_INVALID_OPTIONS', message })
  }
})

t.test('outbound rules of a directory run behind those from above, of which it may remove some', async t => {
  const set = (name: string, value: string) => ({ name, match: { serverVariable: `RESPONSE_${name}`, pattern: '.*' }, action: { type: 'Rewrite' as const, value } })
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  fastify.decorateRequest('site', null as never)
  fastify.addHook('onRequest', async request => { (request as unknown as { site: object }).site = { name: request.headers.host, id: 1 } })
  await fastify.register(urlRewrite, {
    outboundRules: { rules: [set('X_A', 'server'), set('X_B', 'server')] },
    siteOutboundRules: { one: { rules: [set('X_C', 'site')] } },
    pathOutboundRules: [
      { path: '/App/in', rules: [set('X_D', 'inner')] },
      { path: '/App', site: 'one', remove: ['x_a', 'X_C'], preConditions: [{ name: 'any', add: [{ input: '{RESPONSE_STATUS}', pattern: '.' }] }], rules: [{ ...set('X_D', 'app'), preCondition: 'any' }, set('X_E', 'app')] }
    ]
  })
  fastify.get('/*', async () => 'body')
  const headers = async (url: string, host = 'one'): Promise<string> => {
    const { headers } = await fastify.inject({ url, headers: { host } })
    return ['a', 'b', 'c', 'd', 'e'].map(name => headers[`x-${name}`] ?? '-').join(' ')
  }
  t.equal(await headers('/'), 'server server site - -')
  t.equal(await headers('/app?x=/'), '- server - app app')
  t.equal(await headers('/%61pp/x'), '- server - app app', 'the path as rules see it')
  t.equal(await headers('/app/in/x'), '- server - inner app')
  t.equal(await headers('/app2'), 'server server site - -')
  t.equal(await headers('/app/in', 'two'), 'server server - inner -')
})

t.test('a list of folders says by site and directory where files are', async t => {
  const folder = t.testdir()
  for (const [name, file] of [['site', 'site.txt'], ['app', 'app.txt'], ['shared', 'shared.txt']] as const) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, file), '')
  }
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  fastify.decorateRequest('site', null as never)
  fastify.addHook('onRequest', async request => { (request as unknown as { site: object }).site = { name: request.headers.host, id: 1 } })
  await fastify.register(urlRewrite, {
    documentRoot: [{ folder: join(folder, 'shared') }, { site: 'one', folder: join(folder, 'site') }, { site: 'one', path: '/App', folder: join(folder, 'app') }],
    rules: [rule('.*', '', { conditions: { add: [{ matchType: 'IsFile' }] }, action: { type: 'CustomResponse', statusCode: 410 } })]
  })
  fastify.get('/*', async () => 'no file')
  const isFile = async (url: string, host = 'one'): Promise<boolean> => (await fastify.inject({ url, headers: { host } })).statusCode === 410
  t.ok(await isFile('/site.txt'))
  t.ok(await isFile('/app/app.txt'))
  t.ok(await isFile('/aPP/app.txt'))
  t.notOk(await isFile('/app/site.txt'))
  t.notOk(await isFile('/app.txt'))
  t.notOk(await isFile('/shared.txt'))
  t.ok(await isFile('/shared.txt', 'two'))
  t.match(await fastify.urlRewrite.explain({ url: '/app/app.txt', siteName: 'one' }), { outcome: { type: 'CustomResponse' } })
})
