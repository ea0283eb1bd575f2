// Is the plugin registered in this scope already? A second time, its hooks would run twice, and its names and routes are taken.

const HERE = Symbol('the plugin is registered here')

/** What a second registration in one scope is told. */
export const ONCE = 'this scope has the plugin already: it is registered once, with all its options'

/** True from the second call on for one scope; scopes inside are others. */
export function isHere (scope: object): boolean {
  if (Object.hasOwn(scope, HERE)) return true
  Object.defineProperty(scope, HERE, { value: true })
  return false
}
