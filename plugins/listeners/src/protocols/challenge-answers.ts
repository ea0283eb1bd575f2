// Who answers the CA when it looks for a token? The plain http listener, before the site: HTTP-01 (RFC 8555 §8.3).

import type { ServerResponse } from 'node:http'
import type { AnyRequest, Destination } from './destination.ts'

/** Knows the answers to open challenges. */
export interface Answers {
  /** Null, also in the end, where the URL is no open challenge's. */
  answer (url: string | undefined): Promise<string | null> | null
}

/** Answers open challenges; every other request goes on, also one for a token that is unknown. */
export function answerChallenges (destination: Destination, answers: Answers): Destination {
  return {
    ...destination,
    request (request, response) {
      const found = request.method === 'GET' || request.method === 'HEAD' ? answers.answer(request.url) : null
      if (found === null) {
        destination.request(request, response)
        return
      }
      found.catch(() => null).then(text => {
        if (text === null) destination.request(request, response)
        else write(request, response as ServerResponse, text)
      }).catch(() => { response.destroy() })
    }
  }
}

function write (request: AnyRequest, response: ServerResponse, text: string): void {
  response.statusCode = 200
  response.setHeader('content-type', 'application/octet-stream')
  response.setHeader('content-length', Buffer.byteLength(text))
  response.end(request.method === 'HEAD' ? '' : text)
}
