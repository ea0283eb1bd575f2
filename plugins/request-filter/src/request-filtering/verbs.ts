// Which methods may a request have?
import { booleanAt, isBoolean, objectAt, tableAt } from '../filter/shape.ts'
import type { CompileFiltering } from './compile-filtering.ts'

export const compileVerbs: CompileFiltering = ({ verbs }, above, mistakes) => {
  if (verbs === undefined) return null
  const at = `${above}.verbs`
  const options = objectAt(verbs, ['allowUnlisted', 'verbs'], at, mistakes) ?? {}
  const allowUnlisted = booleanAt(options.allowUnlisted, true, `${at}.allowUnlisted`, mistakes)
  const listed = new Map([...tableAt(options.verbs, isBoolean, 'true or false', `${at}.verbs`, mistakes)].map(([verb, allowed]) => [verb.toUpperCase(), allowed]))
  if (allowUnlisted && ![...listed.values()].includes(false)) return null

  return ({ request, isWebSocket }) => {
    // Over HTTP/2 a WebSocket is asked for with CONNECT; its handshake is a GET (RFC 8441 §5).
    const verb = isWebSocket && request.method === 'CONNECT' ? 'GET' : request.method
    return listed.get(verb) ?? allowUnlisted ? null : { reason: 'verbs', statusCode: 404, subStatusCode: 6, detail: verb }
  }
}
