// What is never served, however its path is written, and what the client gets instead.
import { chmod, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import Fastify from 'fastify'
import t from 'tap'
import { staticContent } from '../src/index.ts'
import { folderOf, get, serverOf } from './folder.ts'

const SECRET = 'the secret'

t.test('configuration, hidden segments and names of tools are 404 in every spelling', async t => {
  const root = await folderOf(t, {
    'web.config': SECRET,
    'bin/a.txt': SECRET,
    'App_Data/db.json': SECRET,
    'sub/Web.Config': SECRET,
    'code.cs': SECRET,
    '.env': SECRET,
    '.git/config.txt': SECRET,
    '.well-known/a.txt': 'public',
    'bins/a.txt': 'public'
  })
  const paths = [
    '/web.config', '/WEB.CONFIG', '/%77eb.config', '/web%2Econfig', '/x/../web.config', '//web.config', '/\\web.config', '/.//web.config', '/web.config/', '/web.config.',
    '/web.config%20', '/web.config::$DATA', '/web.config%00.txt', '/bin/a.txt', '/BIN/a.txt', '/%62in/a.txt', '/x/../bin/a.txt', '/bin\\a.txt', '/bin%5Ca.txt', '/bin%2Fa.txt',
    '/app_data/db.json', '/App_Data/db.json', '/sub/Web.Config', '/code.cs', '/CODE.CS', '/.env', '/.git/config.txt', '/%2Egit/config.txt', '/bin./a.txt', '/con.txt'
  ]
  for (const ignoreCase of [false, true]) {
    const fastify = await serverOf(t, root, { ignoreCase, mediaTypes: { '.config': 'text/plain', '.cs': 'text/plain', '.env': 'text/plain' } })
    for (const path of paths) {
      const { status, body } = await get(fastify, path)
      t.equal(status, 404, path)
      t.notMatch(String(body), SECRET)
    }
    t.equal((await get(fastify, '/.well-known/a.txt')).status, 200)
    t.equal((await get(fastify, '/bins/a.txt')).status, 200)
  }
})

t.test('sources, settings, logs and keys that a copied folder may hold are not served, unless the folder names their type', async t => {
  const names = ['index.php', 'a.aspx', 'a.PHP', 'a.cshtml', 'a.py', 'dump.sql', 'app.ini', 'server.conf', 'a.yml', 'error.log', 'server.key', 'server.pem', 'a.pfx', 'a.bak', 'a.sh', 'a.dll']
  const root = await folderOf(t, Object.fromEntries(names.map(name => [name, SECRET])))
  const tables: Record<string, string>[] = [{}, { '.*': 'application/octet-stream' }]
  for (const mediaTypes of tables) {
    const fastify = await serverOf(t, root, { mediaTypes })
    for (const name of names) t.equal((await get(fastify, `/${name}`)).status, 404, name)
  }
  t.equal((await get(await serverOf(t, root, { mediaTypes: { '.dll': 'application/octet-stream' } }), '/a.dll')).status, 200)
})

t.test('no path leads out of the folder', async t => {
  const outside = await folderOf(t, { 'secret.txt': SECRET, 'www/index.html': 'page' })
  const fastify = await serverOf(t, join(outside, 'www'))
  const piece = fc.constantFrom('..', '.', '/', '\\', '%2e%2e', '%2E', '%2f', '%5c', '%252e', '..;', 'secret.txt', 'www', '%00', '....', '')
  await fc.assert(fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async pieces => {
    const { body } = await get(fastify, `/${pieces.join('')}`)
    return !String(body).includes(SECRET)
  }), { numRuns: 300 })
  t.equal(String((await get(fastify, '/../index.html')).body), 'page', 'the root is as high as it goes')
})

t.test('a path that cannot be decoded is 404 or 400, and the server goes on', async t => {
  const fastify = await serverOf(t, await folderOf(t, { 'a.txt': 'a' }))
  for (const path of ['/%', '/%zz', '/%ff', `/${'a'.repeat(5000)}`]) t.ok([400, 404].includes((await get(fastify, path)).status), path)
  t.equal((await get(fastify, '/a.txt')).status, 200)
})

t.test('what is no file is 404: a file with a slash behind it, a broken link', async t => {
  const root = await folderOf(t, { 'a.txt': 'a' })
  await mkdir(join(root, 'folder.txt'))
  await symlink(join(root, 'nowhere.txt'), join(root, 'broken.txt'))
  const fastify = await serverOf(t, root)
  for (const path of ['/a.txt/', '/broken.txt', '/none.txt']) t.equal((await get(fastify, path)).status, 404, path)
  t.equal((await get(fastify, '/folder.txt/')).status, 403)
})

t.test('a folder has pages for its refusals: a file keeps the status, the substatus goes before the status', async t => {
  const root = await folderOf(t, { 'errors/404.html': 'not here', 'errors/type.html': 'not this kind', 'a.unknown': 'x', 'sub/x.txt': 'x' })
  const fastify = await serverOf(t, root, {
    errorPages: { 404: { file: join(root, 'errors', '404.html') }, 404.3: { file: join(root, 'errors', 'type.html') }, 403: { redirect: '/errors/404.html' } }
  })
  const missing = await get(fastify, '/none')
  t.equal(missing.status, 404)
  t.equal(String(missing.body), 'not here')
  t.equal(missing.headers['content-type'], 'text/html; charset=utf-8')
  t.equal(missing.headers['cache-control'], 'no-store')
  t.equal(String((await get(fastify, '/a.unknown')).body), 'not this kind')
  const listing = await get(fastify, '/sub/')
  t.equal(listing.status, 302)
  t.equal(listing.headers.location, '/errors/404.html')
  t.equal(String((await get(fastify, '/web.config')).body), 'not here')
})

t.test('a page that is missing leaves the error to Fastify', async t => {
  const root = await folderOf(t, {})
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  fastify.setErrorHandler((error, _request, reply) => { reply.code(404).send(`handled ${(error as Error & { code: string }).code}`) })
  await fastify.register(staticContent, { folders: [{ root, errorPages: { 404: { file: join(root, 'none.html') } } }] })
  t.equal(String((await get(fastify, '/none')).body), 'handled FST_ARR_STATIC_NOT_FOUND')
})

t.test('a place of its own opens no hidden folder', async t => {
  const root = await folderOf(t, { 'bin/x.json': SECRET, 'App_Data/x.json': SECRET })
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(staticContent, { folders: [{ root }, { root: join(root, 'bin'), path: '/bin' }, { root: join(root, 'App_Data'), path: '/app_data' }] })
  for (const path of ['/bin/x.json', '/BIN/x.json', '/App_Data/x.json', '/bin/', '/app_data/']) t.equal((await get(fastify, path)).status, 404, path)
})

t.test('a path that is not served hides the folder above it', async t => {
  const root = await folderOf(t, { 'app/secret.json': SECRET, 'a.txt': 'a' })
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(staticContent, { folders: [{ root }, { path: '/app', served: false }] })
  t.equal((await get(fastify, '/APP/secret.json')).status, 404)
  t.equal((await get(fastify, '/a.txt')).status, 200)
})

t.test('a letter that only looks like another case of one is another letter', async t => {
  const fastify = await serverOf(t, await folderOf(t, { 'kk.txt': 'k', 'bin/x.txt': SECRET, 'ÄÖ.txt': 'umlauts' }), { ignoreCase: true })
  t.equal((await get(fastify, '/K%E2%84%AA.txt')).status, 404, 'the Kelvin sign')
  t.equal((await get(fastify, '/b%C4%B1n/x.txt')).status, 404, 'a dotless i')
  t.equal((await get(fastify, '/KK.TXT')).status, 200)
  t.equal(String((await get(fastify, '/%C3%A4%C3%B6.txt')).body), 'umlauts')
})

t.test('a file that cannot be opened is 404, and nothing is told of the file system', { skip: process.getuid?.() === 0 ? 'the superuser may read everything' : false }, async t => {
  const root = await folderOf(t, { 'a.txt': 'a' })
  await chmod(join(root, 'a.txt'), 0)
  const { status, body } = await get(await serverOf(t, root), '/a.txt')
  t.equal(status, 404)
  t.notMatch(String(body), root)
})
