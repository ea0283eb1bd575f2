// What the files of deploy/ say, for Kubernetes, compose and systemd: valid, of one mind with the image, and with time enough for every goodbye. No cluster is asked.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { Service } from 'kubernetes-models/v1/Service'
import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { readEnvironment } from '../start/settings/environment.ts'
import { VARIABLES } from '../start/settings/help.ts'
import { graceMistake } from '../start/settings/machine.ts'
import { root } from './packages.ts'

const folder = join(root, 'deploy')
const kubernetes = join(folder, 'kubernetes')
const textOf = (file: string): string => readFileSync(join(folder, file), 'utf8')

interface Named { kind: string, metadata: { name: string, labels?: Record<string, string> }, spec: Record<string, unknown> }

const resources = readdirSync(kubernetes).filter(file => file.endsWith('.yaml') && file !== 'kustomization.yaml')
const manifests = resources.flatMap(file => parseAllDocuments(textOf(join('kubernetes', file))).map(document => document.toJS() as Named))
const find = <Spec>(kind: string): { spec: Spec } => manifests.find(one => one.kind === kind) as unknown as { spec: Spec }

/** `NAME=value`, a line each. */
const site = Object.fromEntries(textOf('kubernetes/site.env').split('\n').filter(line => line !== '' && !line.startsWith('#')).map(line => line.split(/=(.*)/s).slice(0, 2) as [string, string]))
const dockerfile = textOf('Dockerfile')
const imageEnv = Object.fromEntries([...dockerfile.replaceAll('\\\n', ' ').matchAll(/^ENV (.*)$/gm)].flatMap(([, words = '']) => words.trim().split(/\s+/)).map(word => word.split('=') as [string, string]))

interface Container { ports: Array<{ name: string, containerPort: number }>, readinessProbe: Probe, livenessProbe: Probe, startupProbe: Probe, lifecycle: { preStop: { sleep: { seconds: number } } }, securityContext: unknown, image: string }
interface Probe { httpGet: { path: string, port: string } }
interface DeploymentSpec { strategy: unknown, template: { spec: { terminationGracePeriodSeconds: number, securityContext: unknown, containers: Container[] } } }

const pod = find<DeploymentSpec>('Deployment').spec.template.spec
const [container] = pod.containers as [Container]

t.test('each manifest is valid for its API, and kustomization.yaml names each', async t => {
  const models = { Deployment, Service, PodDisruptionBudget, HorizontalPodAutoscaler }
  const labels = { app: 'fastify-arr' }
  for (const manifest of manifests) {
    if (manifest.kind === 'ServiceMonitor') continue
    // kustomize writes the labels of Deployment and Service.
    const filled = structuredClone(manifest) as Named & { spec: { selector?: unknown, template?: { metadata?: unknown } } }
    if (manifest.kind === 'Deployment') {
      filled.spec.selector = { matchLabels: labels }
      filled.spec.template!.metadata = { labels }
    }
    const Model = models[manifest.kind as keyof typeof models]
    t.doesNotThrow(() => { new Model(filled as never).validate() }, `${manifest.kind} ${manifest.metadata.name}`)
  }
  const { resources: named, configMapGenerator } = parse(textOf('kubernetes/kustomization.yaml')) as { resources: string[], configMapGenerator: Array<{ name: string, envs: string[] }> }
  t.same([...named].sort(), [...resources].sort())
  for (const { envs } of configMapGenerator) for (const file of envs) t.ok(existsSync(join(kubernetes, file)), file)
})

t.test('a mistake in a manifest is found', async t => {
  t.throws(() => { new Service({ metadata: { name: 'x' }, spec: { ports: [{ port: '80' as never }] } }).validate() })
})

t.test('the site starts with the settings of the pods, and they are settings', async t => {
  const env = { ...imageEnv, ...site }
  const settings = readEnvironment(env)
  t.equal(settings.upstreamDns, true)
  t.same(Object.keys(site).filter(name => !VARIABLES.includes(name) && !name.startsWith('FASTIFY_')), [])
  t.same(container.ports.map(({ name, containerPort }) => [name, containerPort]), [['http', settings.httpPort], ['metrics', settings.metricsPort]])
  t.equal(settings.metricsHost, '0.0.0.0', 'the kubelet asks from outside of the pod')
  t.equal(graceMistake(settings.leaving, [], env), null)
})

/** Of a unit of systemd: the values of a key, in their order. */
const unit = textOf('systemd/fastify-arr.service')
const valuesOf = (key: string): string[] => [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value)
const serviceEnv = Object.fromEntries(valuesOf('Environment').map(text => text.split('=') as [string, string]))

t.test('window < deadline < the process\'s grace < that of the pod, and the same for the image, compose and systemd', async t => {
  const { preStop } = container.lifecycle
  for (const [name, env, grace, before] of [
    ['pod', { ...imageEnv, ...site }, pod.terminationGracePeriodSeconds, preStop.sleep.seconds],
    ['compose', imageEnv, Number.parseInt((parse(textOf('compose.yaml')) as Compose).services.proxy.stop_grace_period), 0],
    ['systemd', serviceEnv, Number(valuesOf('TimeoutStopSec')[0]), 0]
  ] as const) {
    const { delay, window, deadline } = readEnvironment(env).leaving
    const own = Number(env.FASTIFY_CLOSE_GRACE_DELAY)
    t.ok(window < deadline && deadline < own && before * 1000 + delay + own < grace * 1000, `${name}: ${before} s and ${delay} ms, then ${window} < ${deadline} < ${own} ms, in ${grace} s`)
  }
})

t.test('a pod is restricted as the strictest of the Pod Security Standards asks, asked by its probes, and replaced when another is ready', async t => {
  t.match(pod.securityContext, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
  t.same(container.securityContext, { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } })
  t.match(find<DeploymentSpec>('Deployment').spec.strategy, { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } })
  for (const [probe, path] of [['readinessProbe', '/readyz'], ['livenessProbe', '/livez'], ['startupProbe', '/livez']] as const) {
    t.match(container[probe].httpGet, { path, port: 'metrics' }, probe)
  }
})

t.test('the autoscaler leaves a pod room below MAX_TUNNELS, by a metric that there is', async t => {
  const [{ pods: { metric, target } }] = find<{ metrics: [{ pods: { metric: { name: string }, target: { averageValue: string } } }] }>('HorizontalPodAutoscaler').spec.metrics
  t.match(readFileSync(join(root, 'plugins/metrics/src/sources/tunnels.ts'), 'utf8'), metric.name)
  t.ok(Number(target.averageValue) <= 0.7 * Number(site.MAX_TUNNELS))
})

t.test('whoever selects pods selects these', async t => {
  const { labels: [{ pairs }] } = parse(textOf('kubernetes/kustomization.yaml')) as { labels: [{ pairs: Record<string, string> }] }
  for (const kind of ['PodDisruptionBudget', 'ServiceMonitor']) {
    // kustomize does not write their selectors.
    t.match(find<{ selector: { matchLabels: object } }>(kind).spec.selector.matchLabels, pairs, kind)
  }
  const metrics = manifests.find(({ metadata }) => metadata.name === 'fastify-arr-metrics')
  t.match(find<{ selector: { matchLabels: object } }>('ServiceMonitor').spec.selector.matchLabels, metrics!.metadata.labels!)
})

interface Compose { services: Record<'proxy' | 'backend' | 'prometheus', { stop_grace_period: string, entrypoint: string[], environment: Record<string, string>, volumes: string[] }> }

t.test('compose: the proxy\'s settings are settings, and the files that are mounted are there', async t => {
  const { services } = parse(textOf('compose.yaml')) as Compose
  t.equal(readEnvironment({ ...imageEnv, ...services.proxy.environment }).upstreamDns, true)
  for (const volume of services.prometheus.volumes) t.ok(existsSync(join(folder, volume.split(':')[0] as string)), volume)
  const { rule_files: rules, scrape_configs: [{ dns_sd_configs: [{ names, port }] }] } = parse(textOf('prometheus.yml')) as { rule_files: string[], scrape_configs: [{ dns_sd_configs: [{ names: string[], port: number }] }] }
  t.same(rules, ['alerts.yml'])
  t.same(names, ['proxy'])
  t.equal(String(port), imageEnv.METRICS_PORT)
})

t.test('the image and the service start what npm start starts, but for its grace', async t => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { start: string } }
  const words = scripts.start.split('&& fastify ')[1]!.replace(/--close-grace-delay \d+ /, '').split(' ')
  const [, entry = ''] = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile) ?? []
  t.same((JSON.parse(entry) as string[]).slice(2), words)
  t.same(valuesOf('ExecStart').map(line => line.split(' ').slice(2)), [words])
})

t.test('the service reloads by the command of workers, which the packages have', async t => {
  const [, program = '', file = '', ...words] = /^(\S+) (\S+) (.+)$/.exec(valuesOf('ExecReload')[0] ?? '') ?? []
  t.equal(program, '/usr/bin/node')
  t.ok(existsSync(join(root, file)), file)
  t.same(words, ['reload $MAINPID'])
})

t.test('the service may open files for the WebSockets it says, and systemd has no complaint', async t => {
  t.ok(Number(valuesOf('LimitNOFILE')[0]) >= 2 * 30_000 + 512)
  await t.test('systemd-analyze', { skip: spawnSync('systemd-analyze', ['--version']).status === 0 ? false : 'systemd-analyze is not installed' }, async t => {
    const folder = t.testdir({})
    const file = join(folder, 'fastify-arr.service')
    // It looks for the program of ExecStart, which may be elsewhere here.
    writeFileSync(file, unit.replace('/usr/bin/node', process.execPath))
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })
    t.same([status, stderr.split('\n').filter(line => line.includes('fastify-arr'))], [0, []])
  })
})
