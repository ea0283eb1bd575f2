import type { RequestTraceOptions } from '@fastify-arr/request-trace'
import type { ServerFarmOptions } from '@fastify-arr/server-farm'
import { expect, test } from 'tstyche'
import {
  convertToTypeScript, isIisConfigError, readConfig, readConfigText, toXml, watchConfig,
  type FilterOptions, type IisConfig, type PluginOptions, type Problem, type Report, type RequestFilterOptions, type Row, type Rule, type Status, type UrlRewriteOptions, type WatchedConfig
} from '../src/index.ts'

test('readConfig takes a file and gives options and a report', () => {
  expect(readConfig('web.config')).type.toBe<IisConfig>()
  expect(readConfig).type.toBeCallableWith('web.config', { maxBytes: 1, documentRoot: '/srv', transforms: ['a.xdt'] as const })
  expect(readConfig).type.not.toBeCallableWith('web.config', { maxSize: 1 })
  expect(readConfig).type.toBeCallableWith('web.config', { open: ['ipSecurity'] as const })
  expect(readConfig).type.toBeCallableWith(['applicationHost.config', 'shop/app=web.config'] as const, { roots: { 'C:\\inetpub': '/srv/inetpub' }, base: '/app' })
  expect(readConfig).type.not.toBeCallableWith('web.config', { roots: ['C:\\inetpub=/srv/inetpub'] })
  expect(readConfigText).type.toBeCallableWith('<configuration />')
  expect(readConfig('web.config').options).type.toBe<PluginOptions>()
  expect(readConfig('web.config').report).type.toBe<Report>()
  expect(readConfig('web.config').rowsOf({})).type.toBe<readonly Row[]>()
})

test('options are present only where the file has settings', () => {
  expect<PluginOptions>().type.toBeAssignableFrom({})
  expect<PluginOptions>().type.toBeAssignableFrom({ errorPages: { pages: { 404: { redirect: '/' } }, errorMode: 'Custom' as const, places: [{ site: 'Shop', pages: {} }] } })
  expect(readConfig('web.config').options.urlRewrite).type.toBe<UrlRewriteOptions | undefined>()
  expect(readConfig('web.config').options.requestFilter).type.toBe<RequestFilterOptions | undefined>()
  expect<FilterOptions>().type.toBeAssignableFrom({ ipSecurity: false as const })
  expect<FilterOptions>().type.not.toBeAssignableFrom({ ipSecurity: { allowUnlisted: true, addresses: [{ ipAddress: '10.0.0.1', allowed: true }], denyAction: 'Drop' as const } })
})

test('farms and traces fit the plugins that take them', () => {
  expect<ServerFarmOptions>().type.toBeAssignableFrom<NonNullable<PluginOptions['serverFarm']>>()
  expect<RequestTraceOptions>().type.toBeAssignableFrom<NonNullable<PluginOptions['requestTrace']>>()
  expect<PluginOptions>().type.toBeAssignableFrom({ upstreamProxy: { farms: { chat: { hostHeader: 'preserve', timeouts: { idle: 30_000 } } } } })
})

test('a rule has one of the actions of IIS', () => {
  expect<Rule>().type.toBeAssignableFrom({ name: 'a', match: { url: 'x' }, action: { type: 'Redirect' as const, url: '/', redirectType: 301 as const } })
  expect<Rule>().type.not.toBeAssignableFrom({ name: 'a', match: { url: 'x' }, action: { type: 'Redirect' as const, url: '/', redirectType: 300 as const } })
  expect<Rule>().type.not.toBeAssignableFrom({ name: 'a', match: { url: 'x' }, action: { type: 'CustomResponse' as const } })
})

test('a row has one of four statuses', () => {
  expect<Status>().type.toBe<'used' | 'difference' | 'unsupported' | 'closes'>()
})

test('isIisConfigError recognises an error', () => {
  const error: unknown = null
  if (isIisConfigError(error)) {
    expect(error.code).type.toBe<string>()
    expect(error.problems).type.toBe<readonly Problem[]>()
  }
})

test('the callback gets an error or null, and always a configuration', () => {
  expect(watchConfig('web.config', (error, config) => {
    expect(error).type.toBe<Error | null>()
    expect(config).type.toBe<IisConfig>()
  })).type.toBe<WatchedConfig>()
  expect(watchConfig).type.toBeCallableWith('web.config', () => {}, { interval: 100, quiet: 10 })
  expect(watchConfig).type.toBeCallableWith(['applicationHost.config', 'shop=web.config'], () => {}, { roots: {} })
})

test('toXml takes the options that reading gives', () => {
  expect(toXml).type.toBeCallableWith({} as UrlRewriteOptions)
  expect(convertToTypeScript).type.toBeCallableWith({} as IisConfig)
})
