// examples/kubernetes: the manifests are printed and valid, and one that is not is told.
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { root } from '../packages.ts'
import { run } from './started.ts'

const KINDS = ['ConfigMap', 'Deployment', 'HorizontalPodAutoscaler', 'PodDisruptionBudget', 'ServiceMonitor']

t.test('the manifests are printed as kustomize fills them, and are valid', async t => {
  t.setTimeout(240_000)
  const program = run(t, 'kubernetes')
  t.same(await program.exit, { code: 0, signal: null }, program.output())
  // What is printed on standard error may come anywhere between.
  const text = program.output().replace(/^(\d+) manifests are valid\n/m, '')
  const manifests = parseAllDocuments(text).map(document => document.toJS() as { kind: string, metadata: { labels: object }, data?: object })
  t.match(program.output(), `${manifests.length} manifests are valid`)
  t.same([...new Set(manifests.map(({ kind }) => kind))].filter(kind => kind !== 'Service').sort(), KINDS)
  for (const { kind, metadata } of manifests) t.match(metadata.labels, { 'app.kubernetes.io/name': 'fastify-arr' }, kind)
  t.match(manifests.find(({ kind }) => kind === 'ConfigMap')?.data, { UPSTREAM: /^http/, DRAIN_WINDOW: '60000' })
  t.match(manifests.find(({ kind }) => kind === 'Deployment'), { spec: { selector: { matchLabels: { 'app.kubernetes.io/name': 'fastify-arr' } }, template: { spec: { containers: [{ image: 'fastify-arr:1' }] } } } })
})

for (const [name, wrong, told] of [
  ['that is not valid', 'maxUnavailable: [1]', /^PodDisruptionBudget fastify-arr: .*maxUnavailable/m],
  ['that is no YAML', 'maxUnavailable: 1\n  maxUnavailable: 2', /^Map keys must be unique/m]
] as const) {
  t.test(`a manifest ${name} is told, with code 1`, async t => {
    t.setTimeout(240_000)
    const folder = t.testdir()
    cpSync(join(root, 'deploy', 'kubernetes'), folder, { recursive: true })
    const file = join(folder, 'disruption-budget.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace('maxUnavailable: 1', wrong))
    const program = run(t, 'kubernetes', { MANIFESTS: folder })
    t.match(await program.exit, { code: 1 })
    t.match(program.output(), told)
  })
}
