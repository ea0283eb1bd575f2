// Who may see the page? Asked before everything else, for each request.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { NotFoundError, RefusedError, TooManyTriesError, UnauthorizedError } from '../errors.ts'
import type { Settings } from '../options.ts'
import { objectionTo } from './sources.ts'
import { Token } from './token.ts'
import type { Tries } from './tries.ts'

const HINT = 'The page needs its token. Open it once with `?token=` and the token at the end of its address; programs send it as `Authorization: Bearer`.'

/** What is checked, and against what. */
export type Guarded = Pick<Settings, 'hosts' | 'token' | 'authorize'>

/** Refuses the scope's requests that may not be answered. `root` is the path of the page, without the slash at its end. */
export function guard (scope: FastifyInstance, { hosts, token: text, authorize }: Guarded, tries: Tries, root: string): void {
  const token = text === null ? null : new Token(text)

  scope.addHook('onRequest', async (request, reply) => {
    const objection = objectionTo(request, hosts)
    if (objection !== null) throw new RefusedError(objection)
    // Whoever dispatches the upgrades of the server routes them as requests, and may leave their sockets to whoever answers.
    if (isUpgrade(request)) {
      const { raw: { httpVersionMajor, socket } } = request
      if (httpVersionMajor === 1) reply.raw.once('finish', () => { socket.destroySoon() })
      throw new NotFoundError('There is no WebSocket at this path.')
    }
    const [path = '', query] = (request.raw.url ?? '').split('?', 2)
    // Links of the page are relative to its folder. Before the token, so that the cookie is for that folder.
    if (path === root && root !== '' && (request.method === 'GET' || request.method === 'HEAD')) {
      return await reply.code(308).header('location', `./${root.slice(root.lastIndexOf('/') + 1)}/${query === undefined ? '' : `?${query}`}`).send()
    }
    if (token !== null && !token.isIn(request.raw.headers.cookie)) {
      const given = path === `${root}/` && request.method === 'GET' ? new URLSearchParams(query).get('token') : null
      if (given !== null) {
        prove(token, given, request)
        return await enter(token, request, reply, query as string)
      }
      const bearer = /^Bearer +(\S+) *$/i.exec(request.raw.headers.authorization ?? '')?.[1]
      if (bearer === undefined) throw new UnauthorizedError(HINT)
      prove(token, bearer, request)
    } else if (token !== null && path === `${root}/` && new URLSearchParams(query).has('token')) {
      // The page is known already: the token does not stay in the address either.
      return await enter(token, request, reply, query as string)
    }
    if (authorize !== null && !await says(authorize, request)) throw new RefusedError('This page is not for you.')
  })

  function prove (token: Token, given: string, { ip }: FastifyRequest): void {
    if (!tries.mayTry(ip)) throw new TooManyTriesError()
    if (token.matches(given)) return
    tries.failed(ip)
    throw new UnauthorizedError(`This token is wrong. ${HINT}`)
  }
}

/** Gives the browser its cookie, and sends it to the same address without the token. */
async function enter (token: Token, request: FastifyRequest, reply: FastifyReply, query: string): Promise<FastifyReply> {
  const rest = new URLSearchParams(query)
  rest.delete('token')
  return await reply
    .header('set-cookie', token.setCookie(request.protocol === 'https'))
    .header('location', `./${rest.size === 0 ? '' : `?${rest}`}`)
    .code(303).send()
}

/** For a WebSocket, over HTTP/1.1 (RFC 6455 §4.1) or HTTP/2 (RFC 8441 §4). */
function isUpgrade ({ raw: { headers } }: FastifyRequest): boolean {
  return headers[':protocol'] !== undefined || headers.upgrade?.toLowerCase().includes('websocket') === true
}

async function says (authorize: NonNullable<Settings['authorize']>, request: FastifyRequest): Promise<boolean> {
  try {
    return await authorize(request) === true
  } catch (error) {
    request.log.info({ err: error }, 'monitor: `authorize` refused a request')
    return false
  }
}
