// What every package.json has to say, and what is installed with them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import semver from 'semver'
import t from 'tap'
import { inOrder } from '../release/order.ts'
import { packages, program, root } from './packages.ts'

const OLDEST = '20.19.0'

interface Whole {
  readonly version: string
  readonly author?: string
  readonly homepage?: string
  readonly bugs?: { readonly url: string }
  readonly repository?: { readonly directory?: string }
  readonly engines?: { readonly node: string }
  readonly dependencies?: Readonly<Record<string, string>>
}

const wholes = [...packages, program].map(({ name, folder }) => ({ name, folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Whole }))

t.test('every package says whose it is, where it is read about, and where its faults are told', async t => {
  for (const { name, folder, manifest } of wholes) {
    const { author, homepage, bugs, repository: stored, engines } = manifest
    const place = folder.slice(root.length + 1).replaceAll('\\', '/')
    const repository = 'https://github.com/fastify-arr/fastify-arr'
    t.match({ author, homepage, bugs, directory: stored?.directory ?? '', engines }, {
      author: 'The fastify-arr contributors',
      homepage: place === '' ? `${repository}#readme` : `${repository}/tree/main/${place}#readme`,
      bugs: { url: `${repository}/issues` },
      directory: place,
      engines: { node: `>=${OLDEST.split('.').slice(0, 2).join('.')}` }
    }, name)
  }
})

t.test('all packages have one version, and ask each other for it', async t => {
  const [{ manifest: { version } }] = wholes as [typeof wholes[0]]
  const names = new Set(wholes.map(({ name }) => name))
  for (const { name, manifest } of wholes) {
    t.equal(manifest.version, version, name)
    const family = Object.entries(manifest.dependencies ?? {}).filter(([other]) => names.has(other))
    t.same(family.filter(([, range]) => range !== `^${version}`), [], `${name} asks for ^${version}`)
  }
})

t.test('a package is published after those that it depends on', async t => {
  const order = inOrder([program, ...packages].reverse()).map(({ name }) => name)
  t.equal(order.length, packages.length + 1)
  for (const { name, manifest } of [...packages, program]) {
    for (const other of Object.keys(manifest.dependencies ?? {}).filter(other => order.includes(other))) t.ok(order.indexOf(other) < order.indexOf(name), `${other} before ${name}`)
  }
})

t.test('nothing that is installed asks for a newer Node than the packages do', async t => {
  const { packages: locked } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Readonly<Record<string, { engines?: { node?: string } }>> }
  const newer = Object.entries(locked).filter(([, { engines }]) => engines?.node !== undefined && !semver.satisfies(OLDEST, engines.node))
  t.same(newer.map(([path, { engines }]) => `${path} ${engines?.node}`), [])
})
