// The types that a user of authorities meets.
import { expect, test } from 'tstyche'
import { isAuthority, normalizeHost, parseAuthority, sameAuthority, type Authority } from '../src/index.ts'

test('what is none is null', () => {
  expect(parseAuthority('a')).type.toBe<Authority | null>()
  expect(normalizeHost('a')).type.toBe<string | null>()
  expect<Authority>().type.toBeAssignableFrom<{ readonly host: string, readonly port: null }>()
})

test('a question is answered by yes or no', () => {
  expect(isAuthority('a')).type.toBe<boolean>()
  expect(sameAuthority('a', 'b', 'http')).type.toBe<boolean>()
  expect(sameAuthority).type.not.toBeCallableWith('a', 'b')
})
