// The types that users of the plugin meet.
import Fastify from 'fastify'
import { expect, test } from 'tstyche'
import errorPagesDefault, { errorPages, type ErrorPagesOptions, type PageOptions } from '../src/index.ts'

test('the options', () => {
  const fastify = Fastify()
  fastify.register(errorPages, { pages: { 404: { file: '/a' }, 404.3: { text: '' }, '*': { redirect: '/' } }, errorMode: 'DetailedLocalOnly', existingResponse: 'Replace', places: [{ site: 'Shop', path: '/app' }] })
  fastify.register(errorPagesDefault, {})
  expect<{ file: string, languages: string }>().type.toBeAssignableTo<PageOptions>()
  expect<{ url: string }>().type.not.toBeAssignableTo<PageOptions>()
  expect<{ errorMode: 'custom' }>().type.not.toBeAssignableTo<ErrorPagesOptions>()
})
