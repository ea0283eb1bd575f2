// The types that users of the plugin meet.
import Fastify, { type FastifyRequest } from 'fastify'
import { expect, test } from 'tstyche'
import staticContentDefault, { staticContent, type FolderOptions, type StaticContentOptions } from '../src/index.ts'

test('the fact on a request', () => {
  expect<FastifyRequest['servedFile']>().type.toBe<{ readonly path: string | null, readonly subStatusCode: number } | null>()
})

test('the options', () => {
  const fastify = Fastify()
  fastify.register(staticContent, { folders: [{ root: '/srv/www', mediaTypes: { '.x': null }, errorPages: { 404: { file: '/a' }, 403.14: { redirect: '/b' } }, compress: true }] })
  fastify.register(staticContentDefault, { folders: [] })
  expect<{}>().type.not.toBeAssignableTo<StaticContentOptions>()
  expect<{ root: '/a', errorPages: { 404: { url: '/' } } }>().type.not.toBeAssignableTo<FolderOptions>()
})
