// What would Kubernetes get? The manifests of deploy/kubernetes as kustomize fills them, each checked against its API; no cluster is asked.
import { readFileSync } from 'node:fs'
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap'
import { Service } from 'kubernetes-models/v1/Service'
import { parse, parseAllDocuments, stringify } from 'yaml'

const folder = process.env.MANIFESTS ?? `${import.meta.dirname}/../../deploy/kubernetes`
const read = file => readFileSync(`${folder}/${file}`, 'utf8')
// The API of a ServiceMonitor is that of the Prometheus operator, whose schema is in the cluster only.
const models = { ConfigMap, Deployment, HorizontalPodAutoscaler, PodDisruptionBudget, Service, ServiceMonitor: null }

const { resources, configMapGenerator, labels: [{ pairs }], images: [image] } = parse(read('kustomization.yaml'))

/** `NAME=value`, a line each. */
const settingsOf = files => Object.fromEntries(files.flatMap(file => read(file).split('\n')).filter(line => /^\w+=/.test(line)).map(line => line.split(/=(.*)/s).slice(0, 2)))
const maps = configMapGenerator.map(({ name, envs }) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: settingsOf(envs) }))
const documents = resources.flatMap(file => parseAllDocuments(read(file)))
const manifests = [...maps, ...documents.map(document => document.toJS())]

const mistakes = documents.flatMap(({ errors }) => errors.map(({ message }) => message))
for (const manifest of manifests) {
  const { kind, metadata, spec } = manifest
  metadata.labels = { ...metadata.labels, ...pairs }
  if (kind === 'Service') spec.selector = { ...spec.selector, ...pairs }
  if (kind === 'Deployment') {
    spec.selector = { matchLabels: { ...spec.selector?.matchLabels, ...pairs } }
    spec.template.metadata = { ...spec.template.metadata, labels: { ...spec.template.metadata?.labels, ...pairs } }
    for (const container of spec.template.spec.containers) if (container.image === image.name) container.image += `:${image.newTag}`
  }
  try {
    if (models[kind] === undefined) throw new Error('no model of this kind')
    if (models[kind] !== null) new models[kind](manifest).validate()
  } catch (error) {
    mistakes.push(`${kind} ${metadata.name}: ${error.message}`)
  }
}

console.log(manifests.map(manifest => stringify(manifest)).join('---\n'))
console.error(mistakes.length === 0 ? `${manifests.length} manifests are valid` : mistakes.join('\n'))
process.exitCode = mistakes.length === 0 ? 0 : 1
