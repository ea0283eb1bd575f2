// How does the page act? By POST with JSON and with a header that no form can send, and no script of another origin without being asked first.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { RefusedError } from '../errors.ts'
import { sendJson } from '../serving/answers.ts'
import { ROUTE } from '../serving/route.ts'
import type { ActionName, Actions } from './actions.ts'

/** Bytes: a thousand names of WebSockets. */
const MOST_BYTES = 128 * 1024

/** The routes of the actions; `log` gets a line for each that has changed something. */
export function actionRoutes (parent: FastifyInstance, actions: Actions, log: (request: FastifyRequest, words: string, facts: object) => void): void {
  parent.register(async function actionsOfThePage (scope) {
    // The user's own server may read bodies in ways of its own.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit: MOST_BYTES }, scope.getDefaultJsonParser('error', 'error'))
    scope.addHook('onRequest', async ({ headers }) => {
      if (headers['x-fastify-arr-monitor'] !== '1') throw new RefusedError('An action needs the header `x-fastify-arr-monitor: 1`.')
    })
    for (const [name, act] of Object.entries(actions)) {
      scope.post(`/${name}`, { ...ROUTE, bodyLimit: MOST_BYTES }, async (request, reply) => {
        const { answer, line } = await act(request.body)
        if (line !== null) log(request, line.words, { action: name as ActionName, ...line.facts })
        return await sendJson(reply, answer)
      })
    }
  })
}
