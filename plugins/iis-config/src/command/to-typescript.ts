// Writes the options as a module in TypeScript or JavaScript: a plugin that registers the family with them, and starts where it is run by itself.
import { basename } from 'node:path'
import type { PluginOptions } from '../config/plugin-options.ts'
import type { IisConfig } from '../config/read-config.ts'
import { label } from '../reading/label.ts'
import type { Row } from '../reading/report.ts'
import { EXPORT } from '../sections/certificate.ts'
import { literal } from './literal.ts'
import { STARTER_IMPORTS, starter } from './starter.ts'

/** The plugins in the order in which they handle a request. */
const PLUGINS = {
  arrLog: '@fastify-arr/arr-log',
  requestTrace: '@fastify-arr/request-trace',
  errorPages: '@fastify-arr/error-pages',
  listeners: '@fastify-arr/listeners',
  hostRouting: '@fastify-arr/host-routing',
  requestFilter: '@fastify-arr/request-filter',
  urlRewrite: '@fastify-arr/url-rewrite',
  staticContent: '@fastify-arr/static-content',
  serverFarm: '@fastify-arr/server-farm',
  upstreamProxy: '@fastify-arr/upstream-proxy'
} as const satisfies Record<keyof PluginOptions, string>

/** The remark above `documentRoot`. */
const FOLDER = 'the folder of the web.config, as the command found it; where the site runs elsewhere, its folder there'

/** The packages that the module of a configuration imports. */
export function packagesOf ({ options }: IisConfig): readonly string[] {
  return namesIn(options).map(name => PLUGINS[name])
}

/** Writes a configuration as JavaScript, an ES module (`.mjs`); the rest as in `convertToTypeScript`. */
export function convertToJavaScript (config: IisConfig): string {
  return write(config, false)
}

/**
 * Writes a configuration as TypeScript: a Fastify plugin; where it is run by itself (`npx tsx site.ts`), a server.
 * Differences and losses are in comments above the part they are about; the parts because of which IIS refuses requests
 * that no plugin refuses are listed at the top.
 */
export function convertToTypeScript (config: IisConfig): string {
  return write(config, true)
}

function write ({ options, report, rowsOf }: IisConfig, typed: boolean): string {
  const comment = (row: Row): string[] => lineOf(row, report.file)
  const closing = report.rows.filter(row => row.status === 'closes')
  const certificates = report.rows.filter(row => row.advice?.startsWith(EXPORT) === true)
  const exports = certificates.flatMap(row => comment(row))
  const told = new Set<string>([...closing, ...certificates].map(keyOf))
  const comments = (part: object): string[] => rowsOf(part).filter(row => row.status !== 'used' && !told.has(keyOf(row))).flatMap(row => {
    told.add(keyOf(row))
    return comment(row)
  })
  const names = namesIn(options)
  const registrations = names.map(name => {
    const value = name === 'listeners' ? withCertificate(options.listeners) : name === 'urlRewrite' ? withOriginalUrl(options.urlRewrite) : name === 'upstreamProxy' ? { ...options.upstreamProxy, arrHeaders: true } : options[name] as object
    const above = comments(options[name] as object)
    const text = literal(value, comments, '  ', key => key === 'certificate' ? exports : key === 'documentRoot' ? [FOLDER] : [])
    const given = name === 'upstreamProxy' ? withFunctions(text, options) : text
    return [...above.map(line => `  // ${line}\n`), `  await fastify.register(${name}, ${given})\n`].join('')
  })
  const rest = report.rows.filter(row => row.status !== 'used' && !told.has(keyOf(row))).flatMap(row => comment(row))
  const sections = report.sections.filter(section => section.lost).map(section => `${section.path.split('/').at(-1)} is not read (${placeOf(section, report.file)}): ${section.note}${section.advice === undefined ? '' : ` (${section.advice})`}`.replace(/\s+/g, ' '))
  const local = report.local.map(one => `✖ ${placeOf(one, report.file)}, ${one.rule === null ? '' : `rule "${one.rule}": `}${one.note}`.replace(/\s+/g, ' '))
  const general = report.general.map(({ note, advice }) => `≈ ${note} (${advice})`)
  return [
    `// Made by iis-config from ${basename(report.file).replace(/\s+/g, ' ')}. In comments: what is used with a difference, and what is lost.\n`,
    ...closing.length === 0 ? [] : ['// IIS refuses these requests, and nothing here does:\n', ...closing.flatMap(row => comment(row)).map(line => `//   ${line}\n`), '//\n'],
    ...[...new Set([...rest, ...local, ...sections, ...general])].map(line => `//   ${line}\n`),
    ...names.map(name => `import { ${name} } from '${PLUGINS[name]}'\n`),
    typed ? 'import Fastify, { type FastifyInstance } from \'fastify\'\n' : 'import Fastify from \'fastify\'\n',
    STARTER_IMPORTS,
    '\n',
    `export default async function site (${names.length === 0 ? '_fastify' : 'fastify'}${typed ? ': FastifyInstance, _options: object): Promise<void>' : ', _options)'} {\n`,
    registrations.join('\n'),
    '}\n',
    starter(names.includes('listeners'))
  ].join('')
}

function namesIn (options: PluginOptions): Array<keyof PluginOptions> {
  return (Object.keys(PLUGINS) as Array<keyof PluginOptions>).filter(name => options[name] !== undefined)
}

/** A row as one line; `main` is the file that need not be named. */
function lineOf (row: Row, main: string): string[] {
  const section = row.section === undefined ? '' : `${row.section}: `
  return [`${row.status === 'difference' ? '≈' : '✖'} ${placeOf(row, main)}, ${section}${label(row)}: ${row.note ?? ''}${row.advice === undefined ? '' : ` (${row.advice})`}`.replace(/\s+/g, ' ')]
}

function placeOf ({ file, line }: Pick<Row, 'file' | 'line'>, main: string): string {
  return file === main ? `line ${line}` : `${file}:${line}`
}

/** Parts of several files may have one path. */
function keyOf ({ file, path }: Row): string {
  return `${file} ${path}`
}

/** No file of IIS has the certificate: with the development certificate the site starts. */
function withCertificate (listeners: PluginOptions['listeners']): object {
  const secure = listeners?.listeners.some(({ https }) => https !== undefined) === true
  return { ...listeners, ...secure && { certificate: 'development' } }
}

/** As IIS does, sends the requested URL to the upstream as X-Original-URL; it replaces that header of the client. */
function withOriginalUrl (rules: PluginOptions['urlRewrite'] = {}): object {
  const { globalRules = [], rules: shared = [], siteRules = {}, pathRules = [] } = rules
  const all = [...globalRules, ...shared, ...Object.values(siteRules).flat(), ...pathRules.flatMap(path => path.rules)]
  return { ...rules, ...all.some(({ action }) => action?.type === 'Rewrite') && { originalUrlHeader: true } }
}

function hasOutboundRules ({ urlRewrite }: PluginOptions): boolean {
  return urlRewrite?.outboundRules !== undefined || urlRewrite?.siteOutboundRules !== undefined || urlRewrite?.pathOutboundRules !== undefined
}

/**
 * The proxy's answers bypass Fastify's hooks, so outbound rules are given to the proxy as its option rewriteResponse. It counts the
 * bodies that do not say their length in front.
 */
function withFunctions (proxy: string, options: PluginOptions): string {
  const inner = proxy.replace(/^\{\s*/, '').replace(/\s*\}$/, '')
  const given = [
    ...filtersBodies(options) ? ['maxBodySize: request => fastify.requestFilter.maxBodySize(request)'] : [],
    ...hasOutboundRules(options) ? ['rewriteResponse: (request, answer) => fastify.urlRewrite.rewriteResponse(request, answer)'] : []
  ]
  return given.length === 0 ? proxy : `{\n    ${[...inner === '' ? [] : [inner], ...given].join(',\n    ')}\n  }`
}

function filtersBodies ({ requestFilter }: PluginOptions): boolean {
  return requestFilter !== undefined && [requestFilter, ...requestFilter.places ?? []].some(({ requestFiltering }) => requestFiltering !== undefined)
}
